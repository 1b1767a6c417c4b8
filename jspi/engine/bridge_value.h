// The rules of what may cross between a Worker's realm and the host: values that hold no reference to a realm.
//
// undefined, null, booleans, numbers, bigints and strings cross as they are. Bytes (ArrayBuffer, typed array, DataView) are
// copied into a Uint8Array that is born in the receiving realm. Nothing else crosses.
#ifndef BLOCKON_JSPI_ENGINE_BRIDGE_VALUE_H_
#define BLOCKON_JSPI_ENGINE_BRIDGE_VALUE_H_

#include <v8.h>

#include <cstddef>
#include <string>

namespace blockon {

// kNoMemory: the system has none for a copy of the bytes. Nothing is pending in any case.
enum class Crossing { kDone, kUnfit, kNoMemory };
Crossing CopyAcross(v8::Local<v8::Context> to, v8::Local<v8::Value> value, v8::Local<v8::Value>* copy);

// The kind of a value that does not cross, for the error's text: "a function", "an object", "a symbol".
std::string DescribeKind(v8::Local<v8::Value> value);

// Bytes of an error's text that cross, and are described.
constexpr size_t kMostErrorText = 64 * 1024;

// The text of what was thrown in `context`, at most 64 KiB. It may run code of that realm (a getter of `stack`);
// what that code throws is dropped for a plain description.
std::string DescribeThrown(v8::Local<v8::Context> context, const v8::TryCatch& caught);

// One line about any value of any realm, for a log: an error's name and message. Runs no code of that realm.
std::string DescribeUnseen(v8::Local<v8::Value> value);

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_BRIDGE_VALUE_H_
