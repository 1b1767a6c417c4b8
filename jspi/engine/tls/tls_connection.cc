#include "jspi/engine/tls/tls_connection.h"

#include <openssl/err.h>

#include <algorithm>

namespace blockon {
namespace {

// Less than one in so many bytes of what is sent is not data.
constexpr size_t kRecordOverheadShare = 64;

TlsConnection* ConnectionOf(const SSL* ssl) { return static_cast<TlsConnection*>(SSL_get_app_data(ssl)); }

// The host name in the extension of RFC 6066: the length of the list, a type, the length of a name.
std::string NameInClientHello(SSL* ssl) {
  const unsigned char* data = nullptr;
  size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data, &size) != 1 || size < 5) return {};
  const size_t length = static_cast<size_t>(data[3]) << 8 | data[4];
  if (data[2] != TLSEXT_NAMETYPE_host_name || length > size - 5) return {};
  return std::string(reinterpret_cast<const char*>(data + 5), length);
}

bool SetHost(SSL* ssl, const std::string& host, bool check) {
  const Asn1OctetStringPtr address(a2i_IPADDRESS(host.c_str()));
  ERR_clear_error();
  if (!address && SSL_set_tlsext_host_name(ssl, host.c_str()) != 1) return false;
  if (!check) return true;
  X509_VERIFY_PARAM* param = SSL_get0_param(ssl);
  if (!address) return X509_VERIFY_PARAM_set1_host(param, host.c_str(), host.size()) == 1;
  return X509_VERIFY_PARAM_set1_ip(param, ASN1_STRING_get0_data(address.get()), ASN1_STRING_length(address.get())) == 1;
}

}  // namespace

std::shared_ptr<TlsConnection> TlsConnection::New(std::shared_ptr<TlsContext> context, const Options& options,
                                                  TlsFailure* failure) {
  const std::shared_ptr<TlsConnection> connection(new TlsConnection(std::move(context)));
  connection->ssl_.reset(SSL_new(connection->context_->get()));
  BioPtr bio = connection->transport_.NewBio();
  SSL* ssl = connection->get();
  if (!ssl || !bio) {
    *failure = FailureFromQueue();
    return nullptr;
  }
  SSL_set_app_data(ssl, connection.get());
  BIO* shared = bio.release();
  SSL_set_bio(ssl, shared, shared);
  if (!options.host.empty() && !SetHost(ssl, options.host, options.check_host)) {
    *failure = FailureFromQueue();
    return nullptr;
  }
  if (options.post_handshake) SSL_set_post_handshake_auth(ssl, 1);
  if (options.server) {
    SSL_set_accept_state(ssl);
  } else {
    SSL_set_connect_state(ssl);
  }
  return connection;
}

bool TlsConnection::SetContext(std::shared_ptr<TlsContext> context) {
  if (!SSL_set_SSL_CTX(get(), context->get())) return false;
  SSL_set_verify(get(), SSL_CTX_get_verify_mode(context->get()), nullptr);
  SSL_clear_options(get(), SSL_get_options(get()) & ~SSL_CTX_get_options(context->get()));
  SSL_set_options(get(), SSL_CTX_get_options(context->get()));
  context_ = std::move(context);
  return true;
}

TlsConnection::Status TlsConnection::Outcome(int result, TlsFailure* failure) {
  const int error = SSL_get_error(get(), result);
  switch (error) {
    case SSL_ERROR_NONE:
      return Status::kDone;
    case SSL_ERROR_WANT_READ:
      return Status::kWantsInput;
    case SSL_ERROR_WANT_CLIENT_HELLO_CB:
      return Status::kClientHello;
    case SSL_ERROR_ZERO_RETURN:
      *failure = {};
      failure->kind = TlsFailure::Kind::kZeroReturn;
      failure->number = error;
      failure->text = "TLS/SSL connection has been closed (EOF)";
      return Status::kFailed;
    default:
      *failure = FailureOfConnection(get(), error);
      return Status::kFailed;
  }
}

TlsConnection::Status TlsConnection::Read(MemoryTransport::Span data, size_t* done, TlsFailure* failure) {
  if (next_failure_) {
    *failure = *std::exchange(next_failure_, std::nullopt);
    return Status::kFailed;
  }
  while (*done < data.size) {
    size_t count = 0;
    const int result = SSL_read_ex(get(), data.data + *done, data.size - *done, &count);
    *done += count;
    if (result == 1) continue;
    const Status status = Outcome(result, failure);
    if (*done == 0 || status == Status::kClientHello) return status;
    if (status == Status::kFailed) next_failure_ = *failure;
    break;
  }
  return Status::kDone;
}

// The first call sends close_notify, the second one looks for the peer's.
TlsConnection::Status TlsConnection::Shutdown(TlsFailure* failure) {
  int result = SSL_shutdown(get());
  if (result == 0) result = SSL_shutdown(get());
  return result == 0 ? Status::kWantsInput : Outcome(result, failure);
}

// So much of the data as there is room for, or one record.
TlsConnection::Status TlsConnection::Write(MemoryTransport::Span data, size_t* done, TlsFailure* failure) {
  if (data.size == 0) return Status::kDone;
  const size_t room = transport_.output_room();
  const size_t most = std::max<size_t>(room - room / kRecordOverheadShare, SSL3_RT_MAX_PLAIN_LENGTH);
  return Outcome(SSL_write_ex(get(), data.data, std::min(data.size, most), done), failure);
}

TlsConnection::Status TlsConnection::Step(Operation operation, MemoryTransport::Span data, size_t* done,
                                          TlsFailure* failure) {
  *done = 0;
  if (transport_.is_full() && operation != Operation::kPending && operation != Operation::kDrain) {
    *failure = UseFailure("what is to be sent has to be taken first");
    return Status::kFailed;
  }
  switch (operation) {
    case Operation::kHandshake:
      return Outcome(SSL_do_handshake(get()), failure);
    case Operation::kRead:
      return Read(data, done, failure);
    case Operation::kWrite:
      return Write(data, done, failure);
    case Operation::kShutdown:
      return Shutdown(failure);
    case Operation::kPending:
      *done = static_cast<size_t>(SSL_pending(get()));
      return Status::kDone;
    case Operation::kDrain:
      return Status::kDone;
  }
  *failure = UseFailure("there is no such operation of a connection");
  return Status::kFailed;
}

void TlsConnection::AnswerClientHello(int alert) {
  hello_ = Hello::kAnswered;
  hello_alert_ = alert;
}

int TlsConnection::OnClientHello(SSL* ssl, int* alert, void*) {
  TlsConnection* self = ConnectionOf(ssl);
  if (self->hello_ != Hello::kAnswered) {
    self->hello_ = Hello::kAsked;
    self->asked_name_ = NameInClientHello(ssl);
    return SSL_CLIENT_HELLO_RETRY;
  }
  if (self->hello_alert_ < 0) return SSL_CLIENT_HELLO_SUCCESS;
  *alert = self->hello_alert_;
  return SSL_CLIENT_HELLO_ERROR;
}

void TlsConnection::OnSecret(const SSL* ssl, const char* line) {
  TlsConnection* self = ConnectionOf(ssl);
  self->secrets_.append(line).push_back('\n');
}

}  // namespace blockon
