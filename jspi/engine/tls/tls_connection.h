// One TLS connection: an SSL over memory, taken forward one step at a time.
//
// A step reads what input it is given, does as much as it can, and tells what it needs to go on. Nothing of the guest is
// called in it. Where Python has a say, which certificate a server shows for a name, the handshake stops with kClientHello, and
// goes on when it is answered. Isolate's thread.
#ifndef BLOCKON_JSPI_ENGINE_TLS_TLS_CONNECTION_H_
#define BLOCKON_JSPI_ENGINE_TLS_TLS_CONNECTION_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "jspi/engine/tls/memory_bio.h"
#include "jspi/engine/tls/openssl_ptr.h"
#include "jspi/engine/tls/tls_context.h"
#include "jspi/engine/tls/tls_failure.h"
#include "jspi/engine/tls/tls_step.h"

namespace blockon {

class TlsConnection {
 public:
  // What the guest asks for, by these numbers (jspi/guest/engine_api.h).
  using Operation = TlsOperation;
  using Status = TlsStatus;

  struct Options {
    bool server = false;
    std::string host;             // the server's name or address; empty for none
    bool check_host = false;      // whether its certificate has to be for that
    bool post_handshake = false;  // whether a client offers to authenticate later
  };

  // Null with the reason.
  static std::shared_ptr<TlsConnection> New(std::shared_ptr<TlsContext> context, const Options& options,
                                            TlsFailure* failure);

  // `done` is the number of bytes, of those read or written, or that are decrypted (kPending). A write takes no more than there is room
  // for, or one record. While the transport is full, a step fails.
  Status Step(Operation operation, MemoryTransport::Span data, size_t* done, TlsFailure* failure);

  SSL* get() const { return ssl_.get(); }
  MemoryTransport& transport() { return transport_; }
  const std::shared_ptr<TlsContext>& context() const { return context_; }
  bool SetContext(std::shared_ptr<TlsContext> context);

  // The name that the client asked for; empty for none.
  const std::string& asked_name() const { return asked_name_; }
  // Goes on after kClientHello: `alert` is SSL_AD_* to refuse, < 0 to accept.
  void AnswerClientHello(int alert);

  // Lines for a key log, of what happened since it was asked.
  std::string TakeSecrets() { return std::exchange(secrets_, {}); }

  // Callbacks of an SSL_CTX.
  static int OnClientHello(SSL* ssl, int* alert, void*);
  static void OnSecret(const SSL* ssl, const char* line);

 private:
  explicit TlsConnection(std::shared_ptr<TlsContext> context) : context_(std::move(context)) {}

  Status Read(MemoryTransport::Span data, size_t* done, TlsFailure* failure);
  Status Write(MemoryTransport::Span data, size_t* done, TlsFailure* failure);
  Status Shutdown(TlsFailure* failure);
  Status Outcome(int result, TlsFailure* failure);

  // Before the SSL, which refers to it.
  MemoryTransport transport_;
  std::shared_ptr<TlsContext> context_;
  SslPtr ssl_;
  std::string asked_name_;
  enum class Hello { kNew, kAsked, kAnswered } hello_ = Hello::kNew;
  int hello_alert_ = -1;
  std::string secrets_;
  // What ended a read that had data to give before.
  std::optional<TlsFailure> next_failure_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_TLS_TLS_CONNECTION_H_
