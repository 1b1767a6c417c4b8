// SHA-256 for the host, by the OpenSSL of Node without Node's cryptography, which takes longer to load than most starts have to hash.
#ifndef BLOCKON_JSPI_ADDON_SHA256_H_
#define BLOCKON_JSPI_ADDON_SHA256_H_

#include <v8.h>

namespace blockon {

// sha256(...pieces) -> 64 hexadecimal digits, of texts and bytes one behind another
void Sha256(const v8::FunctionCallbackInfo<v8::Value>& info);

}  // namespace blockon

#endif  // BLOCKON_JSPI_ADDON_SHA256_H_
