// TLS for the guest, by Node's OpenSSL: the contexts, connections and sessions of an interpreter, and the three imports over them.
//
//   tls_call     all that is not done often, by name (tls_calls.h): arguments and result in the format of marshal
//   tls_result   the bytes of the last result
//   tls_step     a connection's handshake, read, write and shutdown, straight from and into the guest's memory
//
// The guest names what it has by numbers, and its memory by addresses; each is checked. Called from wasm, by way of the glue, which
// knows the memory; the isolate's thread.
//
// Owner: the engine, which has one for each interpreter's imports. It ends when those are collected.
#ifndef BLOCKON_JSPI_ENGINE_TLS_TLS_HOST_H_
#define BLOCKON_JSPI_ENGINE_TLS_TLS_HOST_H_

#include <v8.h>

#include <list>
#include <memory>
#include <string>

#include "jspi/engine/collected.h"
#include "jspi/engine/tls/handle_table.h"
#include "jspi/engine/tls/tls_authorities.h"
#include "jspi/engine/tls/tls_connection.h"
#include "jspi/engine/tls/tls_context.h"
#include "jspi/engine/tls/tls_failure.h"

namespace blockon {

class TlsHost {
 public:
  // Of each kind at most.
  static constexpr size_t kMostContexts = 4096;
  static constexpr size_t kMostConnections = 4096;
  static constexpr size_t kMostSessions = 16384;

  explicit TlsHost(TlsAuthorities* authorities) : authorities_(authorities) {}

  void Dispose();

  HandleTable<TlsContext>& contexts() { return contexts_; }
  HandleTable<TlsConnection>& connections() { return connections_; }
  HandleTable<SSL_SESSION>& sessions() { return sessions_; }
  const HandleTable<TlsConnection>& connections() const { return connections_; }
  const TlsFailure& failure() const { return failure_; }

  TlsAuthorities& authorities() { return *authorities_; }
  Collected& collected() { return collected_; }

  // (WebAssembly.Memory, number start, number size) -> number: the size of the result, which tls_result hands out.
  // (True, value), or (False, failure) as of TlsFailure::Write.
  static void CallCallback(const v8::FunctionCallbackInfo<v8::Value>& info);
  // (WebAssembly.Memory, number start, number size): the last result, which must have this size, to that place.
  static void ResultCallback(const v8::FunctionCallbackInfo<v8::Value>& info);
  // (WebAssembly.Memory, number step): takes a connection one step on, as the TlsStep at that place says.
  static void StepCallback(const v8::FunctionCallbackInfo<v8::Value>& info);

 private:
  TlsAuthorities* const authorities_;
  HandleTable<TlsContext> contexts_{kMostContexts};
  HandleTable<TlsConnection> connections_{kMostConnections};
  HandleTable<SSL_SESSION> sessions_{kMostSessions};
  std::string result_;
  // Of the last step.
  TlsFailure failure_;
  Collected collected_;
};

// Those of an engine.
class TlsHosts {
 public:
  // What the imports of another interpreter carry.
  v8::Local<v8::External> New(v8::Isolate* isolate);
  TlsAuthorities& authorities() { return authorities_; }
  size_t size() const { return hosts_.size(); }
  void Dispose();

 private:
  TlsAuthorities authorities_;
  std::list<std::unique_ptr<TlsHost>> hosts_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_TLS_TLS_HOST_H_
