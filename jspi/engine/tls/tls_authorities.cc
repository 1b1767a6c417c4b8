#include "jspi/engine/tls/tls_authorities.h"

#include "jspi/engine/v8_compat.h"

namespace blockon {

bool TlsAuthorities::Ask(TlsFailure* failure) {
  if (!certificates_.empty()) return true;
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  const v8::HandleScope scope(isolate);
  if (source_.IsEmpty()) {
    *failure = ValueFailure("the host has no certificates that are trusted by default");
    return false;
  }
  const v8::Local<v8::Function> ask = source_.Get(isolate);
  v8::Local<v8::Context> context;
  v8::Local<v8::Value> pem;
  const v8::TryCatch errors(isolate);
  if (!ask->GetCreationContext(isolate).ToLocal(&context) ||
      !ask->Call(context, v8::Undefined(isolate), 0, nullptr).ToLocal(&pem) || !pem->IsString()) {
    *failure = ValueFailure("the host's trusted certificates cannot be read");
    return false;
  }
  const std::string text = FromV8(isolate, pem.As<v8::String>());
  const BioPtr bio = NewReadBio(text);
  while (X509* certificate = bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr) {
    certificates_.emplace_back(certificate);
  }
  ERR_clear_error();
  return true;
}

bool TlsAuthorities::AddTo(TlsContext* context, TlsFailure* failure) {
  if (!Ask(failure)) return false;
  X509_STORE* store = SSL_CTX_get_cert_store(context->get());
  for (const X509Ptr& certificate : certificates_) {
    if (X509_STORE_add_cert(store, certificate.get()) != 1) {
      *failure = FailureFromQueue();
      return false;
    }
  }
  return true;
}

}  // namespace blockon
