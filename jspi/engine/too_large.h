// Helpers over V8's API for what a guest may make as large as it likes: bytes, texts. V8 ends the process where there is no memory for bytes,
// or where UTF-8 is longer than a string can be.
#ifndef BLOCKON_JSPI_ENGINE_TOO_LARGE_H_
#define BLOCKON_JSPI_ENGINE_TOO_LARGE_H_

#include <v8.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "jspi/engine/v8_compat.h"

namespace blockon {

// Zeros; null where the system has no memory for them.
inline std::unique_ptr<v8::BackingStore> NewBytesOrNull(v8::Isolate* isolate, size_t size) {
  return v8::ArrayBuffer::NewBackingStore(isolate, size, v8::BackingStoreInitializationMode::kZeroInitialized,
                                          v8::BackingStoreOnFailureMode::kReturnNull);
}

// The first characters in UTF-8, of so many bytes at most.
inline std::string BeginningOf(v8::Isolate* isolate, v8::Local<v8::String> text, size_t most) {
  std::string out(std::min(most, text->Utf8LengthV2(isolate)), '\0');
  out.resize(text->WriteUtf8V2(isolate, out.data(), out.size()));
  return out;
}

// As of ThrowError().
inline void ThrowRangeError(v8::Isolate* isolate, std::string_view text) {
  isolate->ThrowException(v8::Exception::RangeError(ToV8(isolate, text)));
}

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_TOO_LARGE_H_
