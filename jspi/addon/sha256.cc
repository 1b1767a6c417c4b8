#include "jspi/addon/sha256.h"

#include <openssl/evp.h>

#include <memory>
#include <string>

#include "jspi/engine/v8_compat.h"

namespace blockon {
namespace {

struct ContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

bool Add(EVP_MD_CTX* context, v8::Isolate* isolate, v8::Local<v8::Value> piece) {
  if (piece->IsString()) {
    const std::string text = FromV8(isolate, piece.As<v8::String>());
    return EVP_DigestUpdate(context, text.data(), text.size()) == 1;
  }
  const v8::Local<v8::Uint8Array> view = piece.As<v8::Uint8Array>();
  const auto* const bytes = static_cast<const char*>(view->Buffer()->Data()) + view->ByteOffset();
  return EVP_DigestUpdate(context, bytes, view->ByteLength()) == 1;
}

}  // namespace

void Sha256(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const std::unique_ptr<EVP_MD_CTX, ContextDeleter> context(EVP_MD_CTX_new());
  bool is_done = context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
  for (int i = 0; is_done && i < info.Length(); i++) {
    if (!info[i]->IsString() && !info[i]->IsUint8Array()) return ThrowTypeError(isolate, "sha256 needs texts or bytes");
    is_done = Add(context.get(), isolate, info[i]);
  }
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (!is_done || EVP_DigestFinal_ex(context.get(), digest, &size) != 1) {
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
