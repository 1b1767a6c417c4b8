// What Python's SSLContext stands for: an SSL_CTX, and what its callbacks need.
//
// A connection keeps its context alive. Isolate's thread. No callback of OpenSSL's calls the guest: what Python is to be
// asked is put off until the call has returned (tls_connection.h).
#ifndef BLOCKON_JSPI_ENGINE_TLS_TLS_CONTEXT_H_
#define BLOCKON_JSPI_ENGINE_TLS_TLS_CONTEXT_H_

#include <memory>
#include <string>
#include <string_view>

#include "jspi/engine/tls/openssl_ptr.h"

namespace blockon {

class TlsContext {
 public:
  // Python's ssl.PROTOCOL_*.
  enum class Protocol : int { kTls = 2, kTlsV1 = 3, kTlsV1_1 = 4, kTlsV1_2 = 5, kTlsClient = 16, kTlsServer = 17 };

  // Null, with errors in OpenSSL's queue, for a protocol that is not there.
  static std::shared_ptr<TlsContext> New(Protocol protocol);

  SSL_CTX* get() const { return context_.get(); }

  // False with errors in OpenSSL's queue. `protocols` are in the form of the extension: lengths and names.
  bool SetAlpnProtocols(std::string_view protocols);
  // Certificates in PEM, or one after another in DER: how many; < 0 with errors in OpenSSL's queue.
  int LoadAuthorities(std::string_view bytes, bool pem);

  enum class Loaded { kYes, kNeedsPassword, kPasswordTooLong, kNo };
  // A certificate with those that lead to its root, and its key, in PEM. kNo with errors in OpenSSL's queue.
  Loaded LoadChain(std::string_view certificates, std::string_view key, const std::string* password);

  bool LoadDhParameters(std::string_view pem);

  // Whether each of its server's handshakes stops at the client's first message.
  void AskForClientHello(bool asks);
  void KeepSecrets(bool keeps);

 private:
  explicit TlsContext(SslContextPtr context) : context_(std::move(context)) {}

  static int SelectAlpn(SSL* ssl, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                        unsigned in_size, void* self);

  SslContextPtr context_;
  std::string alpn_protocols_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_TLS_TLS_CONTEXT_H_
