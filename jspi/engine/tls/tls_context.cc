#include "jspi/engine/tls/tls_context.h"

#include <openssl/err.h>

#include <cstring>
#include <limits>

#include "jspi/engine/tls/tls_connection.h"

namespace blockon {
namespace {

// CPython's default: no key exchange without forward secrecy, no SHA-1 signatures of records, no unauthenticated ciphers.
constexpr char kCiphers[] = "@SECLEVEL=2:ECDH+AESGCM:ECDH+CHACHA20:ECDH+AES:DHE+AES:!aNULL:!eNULL:!aDSS:!SHA1:!AESCCM";
constexpr unsigned char kSessionIdContext[] = {'P', 'y', 't', 'h', 'o', 'n'};

struct VersionRange {
  const SSL_METHOD* method;
  int minimum;
  int maximum;
};

bool RangeOf(TlsContext::Protocol protocol, VersionRange* range) {
  switch (protocol) {
    case TlsContext::Protocol::kTls:
      *range = {TLS_method(), TLS1_2_VERSION, 0};
      return true;
    case TlsContext::Protocol::kTlsClient:
      *range = {TLS_client_method(), TLS1_2_VERSION, 0};
      return true;
    case TlsContext::Protocol::kTlsServer:
      *range = {TLS_server_method(), TLS1_2_VERSION, 0};
      return true;
    case TlsContext::Protocol::kTlsV1:
      *range = {TLS_method(), TLS1_VERSION, TLS1_VERSION};
      return true;
    case TlsContext::Protocol::kTlsV1_1:
      *range = {TLS_method(), TLS1_1_VERSION, TLS1_1_VERSION};
      return true;
    case TlsContext::Protocol::kTlsV1_2:
      *range = {TLS_method(), TLS1_2_VERSION, TLS1_2_VERSION};
      return true;
  }
  return false;
}

struct PasswordAnswer {
  const std::string* password;
  bool asked = false;
  bool too_long = false;
};

int GivePassword(char* buffer, int size, int, void* data) {
  auto* answer = static_cast<PasswordAnswer*>(data);
  answer->asked = true;
  if (!answer->password) return -1;
  if (answer->password->size() > static_cast<size_t>(size)) {
    answer->too_long = true;
    return -1;
  }
  std::memcpy(buffer, answer->password->data(), answer->password->size());
  return static_cast<int>(answer->password->size());
}

int AcknowledgeName(SSL*, int*, void*) { return SSL_TLSEXT_ERR_OK; }

bool AtEndOfPem() {
  const unsigned long error = ERR_peek_last_error();
  return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

}  // namespace

std::shared_ptr<TlsContext> TlsContext::New(Protocol protocol) {
  VersionRange range;
  if (!RangeOf(protocol, &range)) return nullptr;
  SslContextPtr context(SSL_CTX_new(range.method));
  if (!context) return nullptr;
  SSL_CTX* raw = context.get();
  SSL_CTX_set_options(raw, SSL_OP_ALL | SSL_OP_NO_SSLv3 | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                               SSL_OP_SINGLE_DH_USE | SSL_OP_SINGLE_ECDH_USE);
  SSL_CTX_set_mode(raw, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_AUTO_RETRY | SSL_MODE_RELEASE_BUFFERS);
  if (SSL_CTX_set_min_proto_version(raw, range.minimum) != 1 ||
      SSL_CTX_set_max_proto_version(raw, range.maximum) != 1 || SSL_CTX_set_cipher_list(raw, kCiphers) != 1 ||
      SSL_CTX_set_session_id_context(raw, kSessionIdContext, sizeof kSessionIdContext) != 1) {
    return nullptr;
  }
  X509_VERIFY_PARAM* param = SSL_CTX_get0_param(raw);
  X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_TRUSTED_FIRST);
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return std::shared_ptr<TlsContext>(new TlsContext(std::move(context)));
}

bool TlsContext::SetAlpnProtocols(std::string_view protocols) {
  alpn_protocols_ = protocols;
  const auto* bytes = reinterpret_cast<const unsigned char*>(alpn_protocols_.data());
  if (SSL_CTX_set_alpn_protos(get(), bytes, static_cast<unsigned>(alpn_protocols_.size())) != 0) return false;
  SSL_CTX_set_alpn_select_cb(get(), SelectAlpn, this);
  return true;
}

int TlsContext::SelectAlpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                           unsigned in_size, void* self) {
  const std::string& own = static_cast<TlsContext*>(self)->alpn_protocols_;
  unsigned char* selected = nullptr;
  if (SSL_select_next_proto(&selected, out_size, reinterpret_cast<const unsigned char*>(own.data()),
                            static_cast<unsigned>(own.size()), in, in_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

int TlsContext::LoadAuthorities(std::string_view bytes, bool pem) {
  if (bytes.size() > std::numeric_limits<int>::max()) return -1;
  const BioPtr bio = NewReadBio(bytes);
  X509_STORE* store = SSL_CTX_get_cert_store(get());
  int count = 0;
  while (bio) {
    if (!pem && BIO_pending(bio.get()) == 0 && count > 0) return count;
    PasswordAnswer none{nullptr};
    const X509Ptr certificate(pem ? PEM_read_bio_X509_AUX(bio.get(), nullptr, GivePassword, &none)
                                  : d2i_X509_bio(bio.get(), nullptr));
    if (!certificate) return pem && count > 0 && AtEndOfPem() ? count : -1;
    if (X509_STORE_add_cert(store, certificate.get()) != 1) return -1;
    count++;
  }
  return -1;
}

TlsContext::Loaded TlsContext::LoadChain(std::string_view certificates, std::string_view key,
                                         const std::string* password) {
  PasswordAnswer answer{password};
  BioPtr bio = NewReadBio(certificates);
  const X509Ptr leaf(bio ? PEM_read_bio_X509_AUX(bio.get(), nullptr, GivePassword, &answer) : nullptr);
  if (!leaf) {
    // The file has no certificate: what CPython says then.
    ERR_raise(ERR_LIB_SSL, ERR_R_PEM_LIB);
    return Loaded::kNo;
  }
  if (SSL_CTX_use_certificate(get(), leaf.get()) != 1 || SSL_CTX_clear_chain_certs(get()) != 1) return Loaded::kNo;
  for (;;) {
    X509Ptr next(PEM_read_bio_X509(bio.get(), nullptr, GivePassword, &answer));
    if (!next) {
      if (!AtEndOfPem()) return Loaded::kNo;
      ERR_clear_error();
      break;
    }
    if (SSL_CTX_add0_chain_cert(get(), next.get()) != 1) return Loaded::kNo;
    next.release();
  }
  bio = NewReadBio(key);
  const EvpKeyPtr private_key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, GivePassword, &answer) : nullptr);
  if (!private_key) {
    if (answer.too_long) return Loaded::kPasswordTooLong;
    if (answer.asked && !password) return Loaded::kNeedsPassword;
    ERR_raise(ERR_LIB_SSL, ERR_R_PEM_LIB);
    return Loaded::kNo;
  }
  return SSL_CTX_use_PrivateKey(get(), private_key.get()) == 1 && SSL_CTX_check_private_key(get()) == 1 ? Loaded::kYes
                                                                                                        : Loaded::kNo;
}

bool TlsContext::LoadDhParameters(std::string_view pem) {
  const BioPtr bio = NewReadBio(pem);
  EvpKeyPtr parameters(bio ? PEM_read_bio_Parameters(bio.get(), nullptr) : nullptr);
  if (!parameters || SSL_CTX_set0_tmp_dh_pkey(get(), parameters.get()) != 1) return false;
  parameters.release();
  return true;
}

void TlsContext::AskForClientHello(bool asks) {
  SSL_CTX_set_client_hello_cb(get(), asks ? TlsConnection::OnClientHello : nullptr, nullptr);
  // Acknowledges the name, which the handshake was stopped for.
  SSL_CTX_set_tlsext_servername_callback(get(), (asks ? AcknowledgeName : nullptr));
}

void TlsContext::KeepSecrets(bool keeps) {
  SSL_CTX_set_keylog_callback(get(), keeps ? TlsConnection::OnSecret : nullptr);
}

}  // namespace blockon
