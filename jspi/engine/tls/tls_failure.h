// Why a call into OpenSSL failed, with all that Python's exception for it says.
//
// OpenSSL's queue of errors belongs to the thread, which Node's own crypto uses too: each entry into this folder's code leaves
// it empty (ErrorQueueScope).
#ifndef BLOCKON_JSPI_ENGINE_TLS_TLS_FAILURE_H_
#define BLOCKON_JSPI_ENGINE_TLS_TLS_FAILURE_H_

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <string>
#include <string_view>

#include "jspi/engine/tls/marshal_value.h"

namespace blockon {

struct TlsFailure {
  enum class Kind : int {
    kSsl = 0,           // an error of OpenSSL's
    kVerification = 1,  // the peer's certificate was not accepted
    kEof = 2,           // the transport ended where it must not
    kZeroReturn = 3,    // the peer closed the connection by close_notify
    kValue = 4,         // an argument that is not acceptable: `text` says why
    kUse = 5,           // the engine was not called as it can be: a stale number, a wrong type
    kMemory = 6,
    kLimit = 7,  // there are as many as an interpreter may have: `text` says of what
  };

  Kind kind = Kind::kSsl;
  int64_t number = 0;    // SSL_ERROR_*, or the reason of OpenSSL's error
  std::string library;   // "SSL"; empty when not known
  std::string reason;    // "CERTIFICATE_VERIFY_FAILED"; empty when it has no name
  std::string text;      // "certificate verify failed"
  long verify_code = 0;  // X509_V_ERR_*
  std::string verify_text;

  // (kind, number, library, reason, text, verify_code, verify_text)
  void Write(MarshalWriter* out) const;
};

// From the newest of the thread's errors. `number` is its reason.
TlsFailure FailureFromQueue();
// After a call on a connection that gave `error`, SSL_ERROR_SSL or SSL_ERROR_SYSCALL.
TlsFailure FailureOfConnection(SSL* ssl, int error);
TlsFailure ValueFailure(std::string_view text);
TlsFailure UseFailure(std::string_view text);
TlsFailure LimitFailure(std::string_view text);

class ErrorQueueScope {
 public:
  ErrorQueueScope() { ERR_clear_error(); }
  ErrorQueueScope(const ErrorQueueScope&) = delete;
  ErrorQueueScope& operator=(const ErrorQueueScope&) = delete;
  ~ErrorQueueScope() { ERR_clear_error(); }
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_TLS_TLS_FAILURE_H_
