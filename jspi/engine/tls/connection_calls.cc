// Calls of connections and sessions.
#include <iterator>

#include "jspi/engine/tls/certificate.h"
#include "jspi/engine/tls/cipher.h"
#include "jspi/engine/tls/tls_calls.h"

namespace blockon {
namespace {

// The longest of the messages called Finished.
constexpr size_t kMostFinished = 128;

// Context, server, host or None, whether the certificate has to be for it, whether to offer authentication after the handshake.
bool New(TlsCall& call) {
  TlsConnection::Options options;
  options.server = call.number(2) != 0;
  if (!call.is_none(3)) options.host = call.text(3);
  options.check_host = call.number(4) != 0;
  options.post_handshake = call.number(5) != 0;
  TlsFailure failure;
  std::shared_ptr<TlsConnection> connection = TlsConnection::New(call.context(1), options, &failure);
  if (!connection) return call.Fail(failure);
  return call.Add(&call.host().connections(), std::move(connection), "TLS connections");
}

bool Free(TlsCall& call) {
  call.host().connections().Remove(call.number(1));
  return call.None();
}

bool SetContext(TlsCall& call) { return call.NoneIf(call.connection(1)->SetContext(call.context(2))); }

bool HandshakeDone(TlsCall& call) { return call.Int(SSL_is_init_finished(call.ssl(1))); }

bool Cipher(TlsCall& call) {
  WriteCipher(SSL_get_current_cipher(call.ssl(1)), &call.out());
  return true;
}

bool SharedCiphers(TlsCall& call) {
  const STACK_OF(SSL_CIPHER)* theirs = SSL_get_client_ciphers(call.ssl(1));
  const STACK_OF(SSL_CIPHER)* ours = SSL_get_ciphers(call.ssl(1));
  if (!theirs || !ours) return call.None();
  std::vector<const SSL_CIPHER*> shared;
  for (int i = 0; i < sk_SSL_CIPHER_num(theirs); i++) {
    const SSL_CIPHER* cipher = sk_SSL_CIPHER_value(theirs, i);
    for (int j = 0; j < sk_SSL_CIPHER_num(ours); j++) {
      if (SSL_CIPHER_get_id(cipher) == SSL_CIPHER_get_id(sk_SSL_CIPHER_value(ours, j))) shared.push_back(cipher);
    }
  }
  call.out().List(shared.size());
  for (const SSL_CIPHER* cipher : shared) WriteCipher(cipher, &call.out());
  return true;
}

bool Version(TlsCall& call) {
  return call.Text(SSL_is_init_finished(call.ssl(1)) ? SSL_get_version(call.ssl(1)) : nullptr);
}

bool Alpn(TlsCall& call) {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(call.ssl(1), &name, &size);
  if (!name) return call.None();
  call.out().Text({reinterpret_cast<const char*>(name), size});
  return true;
}

// Connection, whether in DER. None without a certificate; an empty dict for one that was not verified.
bool PeerCertificate(TlsCall& call) {
  SSL* ssl = call.ssl(1);
  if (!SSL_is_init_finished(ssl)) return call.Fail(ValueFailure("handshake not done yet"));
  X509* certificate = SSL_get0_peer_certificate(ssl);
  if (!certificate) return call.None();
  if (call.number(2) != 0) return call.Written(WriteDer(certificate, &call.out()));
  if ((SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER) == 0) {
    call.out().Dict();
    call.out().EndDict();
    return true;
  }
  return call.Written(WriteCertificate(certificate, &call.out()));
}

bool VerifiedChain(TlsCall& call) {
  return call.Written(WriteChain(SSL_get0_verified_chain(call.ssl(1)), &call.out()));
}

// A server's list has not the client's own certificate.
bool SentChain(TlsCall& call) {
  SSL* ssl = call.ssl(1);
  const STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl);
  X509* leaf = SSL_get0_peer_certificate(ssl);
  if (!SSL_is_server(ssl) || !leaf) return call.Written(WriteChain(chain, &call.out()));
  const int count = chain ? sk_X509_num(chain) : 0;
  call.out().List(count + 1);
  bool whole = WriteDer(leaf, &call.out());
  for (int i = 0; whole && i < count; i++) whole = WriteDer(sk_X509_value(chain, i), &call.out());
  return call.Written(whole);
}

// The message Finished that was sent first: of RFC 5929.
bool TlsUnique(TlsCall& call) {
  SSL* ssl = call.ssl(1);
  char bytes[kMostFinished];
  const bool ours = (SSL_session_reused(ssl) != 0) != (SSL_is_server(ssl) == 0);
  const size_t size =
      ours ? SSL_get_finished(ssl, bytes, sizeof bytes) : SSL_get_peer_finished(ssl, bytes, sizeof bytes);
  if (size == 0 || size > sizeof bytes) return call.None();
  call.out().Bytes({bytes, size});
  return true;
}

bool Session(TlsCall& call) {
  SessionPtr session(SSL_get1_session(call.ssl(1)));
  if (!session) return call.None();
  std::shared_ptr<SSL_SESSION> shared(session.release(), OpenSslDeleter<SSL_SESSION_free>());
  return call.Add(&call.host().sessions(), std::move(shared), "TLS sessions");
}

bool SetSession(TlsCall& call) {
  // A copy: OpenSSL would change the one that others use.
  const SessionPtr copy(SSL_SESSION_dup(call.session(2)));
  return call.NoneIf(copy && SSL_set_session(call.ssl(1), copy.get()) == 1);
}

bool SessionReused(TlsCall& call) { return call.Int(SSL_session_reused(call.ssl(1))); }

// (id, time, timeout, lifetime of the ticket in seconds, whether there is a ticket)
bool SessionFacts(TlsCall& call) {
  const SSL_SESSION* session = call.session(1);
  unsigned size = 0;
  const unsigned char* id = SSL_SESSION_get_id(session, &size);
  MarshalWriter& out = call.out();
  out.Tuple(5);
  out.Bytes({reinterpret_cast<const char*>(id), size});
  out.Int(SSL_SESSION_get_time_ex(session));
  out.Int(SSL_SESSION_get_timeout(session));
  out.Int(static_cast<int64_t>(SSL_SESSION_get_ticket_lifetime_hint(session)));
  out.Bool(SSL_SESSION_has_ticket(session) != 0);
  return true;
}

bool FreeSession(TlsCall& call) {
  call.host().sessions().Remove(call.number(1));
  return call.None();
}

bool AskForCertificate(TlsCall& call) { return call.NoneIf(SSL_verify_client_post_handshake(call.ssl(1)) == 1); }

bool AskedName(TlsCall& call) {
  const std::string& name = call.connection(1)->asked_name();
  return call.Text(name.empty() ? nullptr : name.c_str());
}

bool AnswerClientHello(TlsCall& call) {
  call.connection(1)->AnswerClientHello(static_cast<int>(call.number(2)));
  return call.None();
}

bool Secrets(TlsCall& call) {
  call.out().Bytes(call.connection(1)->TakeSecrets());
  return true;
}

constexpr TlsCallRow kRows[] = {
    {"connection_new", "ciTii", New},
    {"connection_free", "x", Free},
    {"connection_set_context", "xc", SetContext},
    {"connection_handshake_done", "x", HandshakeDone},
    {"connection_cipher", "x", Cipher},
    {"connection_shared_ciphers", "x", SharedCiphers},
    {"connection_version", "x", Version},
    {"connection_alpn", "x", Alpn},
    {"connection_peer_certificate", "xi", PeerCertificate},
    {"connection_verified_chain", "x", VerifiedChain},
    {"connection_sent_chain", "x", SentChain},
    {"connection_tls_unique", "x", TlsUnique},
    {"connection_session", "x", Session},
    {"connection_set_session", "xs", SetSession},
    {"connection_session_reused", "x", SessionReused},
    {"connection_ask_for_certificate", "x", AskForCertificate},
    {"connection_asked_name", "x", AskedName},
    {"connection_answer_client_hello", "xi", AnswerClientHello},
    {"connection_secrets", "x", Secrets},
    {"session_facts", "s", SessionFacts},
    {"session_free", "s", FreeSession},
};

}  // namespace

const TlsCallTable kConnectionCalls = {kRows, std::size(kRows)};

}  // namespace blockon
