// The addon's API of compiled code in files.
#ifndef BLOCKON_JSPI_ADDON_COMPILED_CODE_H_
#define BLOCKON_JSPI_ADDON_COMPILED_CODE_H_

#include <v8.h>

namespace blockon {

// takeHanded(description) -> whether it names files that whoever started this process hands over (jspi/util/handed_files.h).
void TakeHanded(const v8::FunctionCallbackInfo<v8::Value>& info);

// dropHanded() -> how many were used; closes the others, and lets go of what feedCode() has begun and nobody has asked for.
void DropHanded(const v8::FunctionCallbackInfo<v8::Value>& info);

// feedCode(wasm): loadCode() will be called for it, and what needs no isolate is done meanwhile.
void FeedCode(const v8::FunctionCallbackInfo<v8::Value>& info);

// awaitCode(wasm): loadCode() will be called next, and other threads wait for it.
void AwaitCode(const v8::FunctionCallbackInfo<v8::Value>& info);

// loadCode(wasm, {file, key}) -> null, or why the wasm's module will be compiled without what is in the file.
void LoadCode(const v8::FunctionCallbackInfo<v8::Value>& info);

// saveCode(wasm, {file, key}) -> null, or why the code that the wasm's module has by now could not be written.
void SaveCode(const v8::FunctionCallbackInfo<v8::Value>& info);

// readKept({file, key}) -> Uint8Array, or why the file cannot be used. The bytes are the process's, who has read the file once: they
// are not to be written to.
void ReadKept(const v8::FunctionCallbackInfo<v8::Value>& info);

// writeKept({file, key}, Uint8Array) -> null, or why the file could not be written.
void WriteKept(const v8::FunctionCallbackInfo<v8::Value>& info);

}  // namespace blockon

#endif  // BLOCKON_JSPI_ADDON_COMPILED_CODE_H_
