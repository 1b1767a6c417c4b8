// Randomness of the system's for a Worker's realm, without Node's cryptography, which most Workers' threads never load.
#ifndef BLOCKON_JSPI_ADDON_RANDOM_BYTES_H_
#define BLOCKON_JSPI_ADDON_RANDOM_BYTES_H_

#include <v8.h>

namespace blockon {

// randomBytes(size) -> Uint8Array
void RandomBytes(const v8::FunctionCallbackInfo<v8::Value>& info);

}  // namespace blockon

#endif  // BLOCKON_JSPI_ADDON_RANDOM_BYTES_H_
