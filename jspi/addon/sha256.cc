#include "jspi/addon/sha256.h"

#include <openssl/evp.h>

#include <string>

#include "jspi/engine/v8_compat.h"

namespace blockon {

void Sha256(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  if (!info[0]->IsString()) return ThrowTypeError(isolate, "sha256 needs a text");
  const std::string text = FromV8(isolate, info[0].As<v8::String>());
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr) != 1) {
    return ThrowError(isolate, "OpenSSL has no SHA-256");
  }
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (unsigned int i = 0; i < size; i++) {
    hex += kDigits[digest[i] >> 4];
    hex += kDigits[digest[i] & 15];
  }
  info.GetReturnValue().Set(ToV8(isolate, hex));
}

}  // namespace blockon
