// time.sleep, and what else the Python half of blocking (shims/blockon/_blocking.py) needs of the guest.
//
// Owner: the module _blockon.
#ifndef BLOCKON_JSPI_GUEST_BLOCKING_H_
#define BLOCKON_JSPI_GUEST_BLOCKING_H_

#include "python_api.h"

namespace blockon {

// The functions of the module _blockon.
extern PyMethodDef blocking_methods[];

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_BLOCKING_H_
