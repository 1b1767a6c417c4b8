#include "jspi/addon/random_bytes.h"

#include <sys/random.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "jspi/engine/v8_compat.h"

namespace blockon {

void RandomBytes(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  if (!info[0]->IsUint32()) return ThrowTypeError(isolate, "randomBytes needs a number of bytes");
  const std::size_t size = info[0].As<v8::Uint32>()->Value();
  const v8::Local<v8::ArrayBuffer> buffer = v8::ArrayBuffer::New(isolate, size);
  auto* const bytes = static_cast<uint8_t*>(buffer->Data());
  for (std::size_t at = 0; at < size;) {
    const ssize_t count = getrandom(bytes + at, size - at, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return ThrowError(isolate, std::string("getrandom: ") + std::strerror(errno));
    at += static_cast<std::size_t>(count);
  }
  info.GetReturnValue().Set(v8::Uint8Array::New(buffer, 0, size));
}

}  // namespace blockon
