// Cipher suites as Python has them.
#ifndef BLOCKON_JSPI_ENGINE_TLS_CIPHER_H_
#define BLOCKON_JSPI_ENGINE_TLS_CIPHER_H_

#include <openssl/ssl.h>

#include "jspi/engine/tls/marshal_value.h"

namespace blockon {

// (name, version, secret bits), or None for null.
void WriteCipher(const SSL_CIPHER* cipher, MarshalWriter* out);
// A dict of SSLContext.get_ciphers().
void WriteCipherDescription(const SSL_CIPHER* cipher, MarshalWriter* out);

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_TLS_CIPHER_H_
