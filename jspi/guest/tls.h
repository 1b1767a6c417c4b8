// TLS for Python: the functions of the module _blockon under the shims of ssl (shims/_blockon_tls). The engine's OpenSSL does the work
// (jspi/engine/tls).
//
// A step never waits and runs no Python: fibers can change between two of them only.
#ifndef BLOCKON_JSPI_GUEST_TLS_H_
#define BLOCKON_JSPI_GUEST_TLS_H_

#include "python_api.h"

namespace blockon {

extern PyMethodDef tls_methods[];

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_TLS_H_
