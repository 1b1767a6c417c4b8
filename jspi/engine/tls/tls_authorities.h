// The certificates that are trusted by default: Node's, which the host gives when they are asked for first.
//
// Owner: the engine; its interpreters share them. Isolate's thread.
#ifndef BLOCKON_JSPI_ENGINE_TLS_TLS_AUTHORITIES_H_
#define BLOCKON_JSPI_ENGINE_TLS_TLS_AUTHORITIES_H_

#include <v8.h>

#include <vector>

#include "jspi/engine/tls/openssl_ptr.h"
#include "jspi/engine/tls/tls_context.h"
#include "jspi/engine/tls/tls_failure.h"

namespace blockon {

class TlsAuthorities {
 public:
  // The host's function () -> string: the certificates in PEM. Asked once, when they are needed.
  void SetSource(v8::Isolate* isolate, v8::Local<v8::Function> source) { source_.Reset(isolate, source); }

  // False with the reason.
  bool AddTo(TlsContext* context, TlsFailure* failure);

  void Dispose() {
    certificates_.clear();
    source_.Reset();
  }

 private:
  bool Ask(TlsFailure* failure);

  v8::Global<v8::Function> source_;
  std::vector<X509Ptr> certificates_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_TLS_TLS_AUTHORITIES_H_
