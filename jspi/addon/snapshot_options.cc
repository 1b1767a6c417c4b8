#include "jspi/addon/snapshot_options.h"

#include <string>

#include "jspi/addon/file_place.h"
#include "jspi/engine/v8_compat.h"

namespace blockon {
namespace {

bool ReadOption(v8::Local<v8::Context> context, v8::Local<v8::Object> options, const char* name, FilePlace* place) {
  v8::Local<v8::Value> value;
  return options->Get(context, ToV8(v8::Isolate::GetCurrent(), name)).ToLocal(&value) &&
         ReadPlace(context, value, "a snapshot", place);
}

}  // namespace

bool ReadSnapshotOptions(v8::Local<v8::Context> context, v8::Local<v8::Object> options, SnapshotOptions* snapshot) {
  FilePlace from;
  FilePlace to;
  if (!ReadOption(context, options, "snapshot", &from) || !ReadOption(context, options, "saveSnapshot", &to))
    return false;
  snapshot->save_to = to.file;
  snapshot->key = to.key;
  if (from.file.empty()) return true;
  std::string why;
  snapshot->image = MemoryImage::OpenShared(from.file, from.key, &why);
  if (!snapshot->image) ThrowError(v8::Isolate::GetCurrent(), "the snapshot " + from.file + " cannot be used: " + why);
  return snapshot->image != nullptr;
}

void OpenSnapshot(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  FilePlace place;
  if (!ReadPlace(isolate->GetCurrentContext(), info[0], "a snapshot", &place)) return;
  if (place.file.empty()) return ThrowTypeError(isolate, "openSnapshot needs a file and a key");
  std::string why;
  if (MemoryImage::OpenShared(place.file, place.key, &why)) return info.GetReturnValue().SetNull();
  info.GetReturnValue().Set(ToV8(isolate, why));
}

}  // namespace blockon
