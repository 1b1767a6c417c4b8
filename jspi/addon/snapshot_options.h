// The parts of the addon's API that name a snapshot's file.
#ifndef BLOCKON_JSPI_ADDON_SNAPSHOT_OPTIONS_H_
#define BLOCKON_JSPI_ADDON_SNAPSHOT_OPTIONS_H_

#include <v8.h>

#include <memory>

#include "jspi/engine/snapshots.h"

namespace blockon {

// The options `snapshot` and `saveSnapshot` of createEngine(), each {file, key} or undefined. False with an exception pending,
// also where the snapshot cannot be opened.
bool ReadSnapshotOptions(v8::Local<v8::Context> context, v8::Local<v8::Object> options, SnapshotOptions* snapshot);

// A snapshot that an interpreter is to begin with, {file, key, base}. Null with an exception pending, also where it cannot be opened.
std::shared_ptr<const MemoryImage> ReadSnapshot(v8::Local<v8::Context> context, v8::Local<v8::Value> value);

// openSnapshot({file, key}) -> null, or why it cannot be used. What was opened stays open for this process.
void OpenSnapshot(const v8::FunctionCallbackInfo<v8::Value>& info);

}  // namespace blockon

#endif  // BLOCKON_JSPI_ADDON_SNAPSHOT_OPTIONS_H_
