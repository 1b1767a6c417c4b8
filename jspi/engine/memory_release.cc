#include "jspi/engine/memory_release.h"

#include "jspi/engine/v8_compat.h"
#include "jspi/util/page_release.h"

namespace blockon {

void MemoryReleaseCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  if (!info[0]->IsWasmMemoryObject() || !info[1]->IsUint32() || !info[2]->IsUint32()) {
    return ThrowTypeError(isolate, "memory_release needs a WebAssembly.Memory and two numbers of bytes");
  }
  // Asked for each time: a memory that grows gets another buffer, and may get another address.
  const v8::Local<v8::ArrayBuffer> buffer = info[0].As<v8::WasmMemoryObject>()->Buffer();
  if (!buffer->IsArrayBuffer()) return ThrowTypeError(isolate, "memory_release: the memory is shared");
  const size_t start = info[1].As<v8::Uint32>()->Value();
  const size_t size = info[2].As<v8::Uint32>()->Value();
  if (start > buffer->ByteLength() || size > buffer->ByteLength() - start) {
    return ThrowTypeError(isolate, "memory_release: this is no part of the memory");
  }
  ReleasePages(static_cast<char*>(buffer->Data()) + start, size);
}

}  // namespace blockon
