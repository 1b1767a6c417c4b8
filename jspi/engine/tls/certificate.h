// A certificate as Python has it: the dict of SSLSocket.getpeercert(), or DER.
#ifndef BLOCKON_JSPI_ENGINE_TLS_CERTIFICATE_H_
#define BLOCKON_JSPI_ENGINE_TLS_CERTIFICATE_H_

#include <openssl/x509.h>

#include "jspi/engine/tls/marshal_value.h"

namespace blockon {

// False, with errors in OpenSSL's queue, for what cannot be told; `out` has a part of it then.
bool WriteCertificate(X509* certificate, MarshalWriter* out);
bool WriteDer(X509* certificate, MarshalWriter* out);
// A list of certificates in DER; an empty one for null.
bool WriteChain(const STACK_OF(X509) * chain, MarshalWriter* out);

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_TLS_CERTIFICATE_H_
