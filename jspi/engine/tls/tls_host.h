// TLS for the guest, by Node's OpenSSL: the contexts, connections and sessions of an engine, and the three imports over them.
//
//   tls_call     all that is not done often, by name (tls_calls.h): arguments and result in the format of marshal
//   tls_result   the bytes of the last result
//   tls_step     a connection's handshake, read, write and shutdown, straight from and into the guest's memory
//
// The guest names what it has by numbers, and its memory by addresses; each is checked. Called from wasm, by way of the glue, which
// knows the memory; the isolate's thread.
#ifndef BLOCKON_JSPI_ENGINE_TLS_TLS_HOST_H_
#define BLOCKON_JSPI_ENGINE_TLS_TLS_HOST_H_

#include <v8.h>

#include <string>
#include <string_view>
#include <vector>

#include "jspi/engine/tls/handle_table.h"
#include "jspi/engine/tls/openssl_ptr.h"
#include "jspi/engine/tls/tls_connection.h"
#include "jspi/engine/tls/tls_context.h"
#include "jspi/engine/tls/tls_failure.h"

namespace blockon {

class TlsHost {
 public:
  // The host's function () -> string: the certificates that are trusted by default, in PEM. Asked once, when they are needed.
  void SetAuthorities(v8::Isolate* isolate, v8::Local<v8::Function> authorities) {
    ask_authorities_.Reset(isolate, authorities);
  }

  void Dispose();

  HandleTable<TlsContext>& contexts() { return contexts_; }
  HandleTable<TlsConnection>& connections() { return connections_; }
  HandleTable<SSL_SESSION>& sessions() { return sessions_; }
  const HandleTable<TlsConnection>& connections() const { return connections_; }
  const TlsFailure& failure() const { return failure_; }

  // The certificates that are trusted by default. False with the reason.
  bool AddDefaultAuthorities(TlsContext* context, TlsFailure* failure);

  // (WebAssembly.Memory, number start, number size) -> number: the size of the result, which tls_result hands out.
  // (True, value), or (False, failure) as of TlsFailure::Write.
  static void CallCallback(const v8::FunctionCallbackInfo<v8::Value>& info);
  // (WebAssembly.Memory, number start, number size): the last result, which must have this size, to that place.
  static void ResultCallback(const v8::FunctionCallbackInfo<v8::Value>& info);
  // (WebAssembly.Memory, number step): takes a connection one step on, as the TlsStep at that place says.
  static void StepCallback(const v8::FunctionCallbackInfo<v8::Value>& info);

 private:
  bool AskAuthorities(TlsFailure* failure);

  HandleTable<TlsContext> contexts_;
  HandleTable<TlsConnection> connections_;
  HandleTable<SSL_SESSION> sessions_;
  v8::Global<v8::Function> ask_authorities_;
  std::vector<X509Ptr> authorities_;
  std::string result_;
  // Of the last step.
  TlsFailure failure_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_TLS_TLS_HOST_H_
