// The C API of the package greenlet, which extensions are compiled with by its greenlet.h: a capsule of functions, and of the type and the
// exceptions, by which they find it.
#ifndef BLOCKON_JSPI_GUEST_GREENLET_API_H_
#define BLOCKON_JSPI_GUEST_GREENLET_API_H_

#include "python_api.h"

namespace blockon {

// What PyGreenlet_Import() asks for. After the type and the exceptions were made. Null with an exception set.
PyObject* NewGreenletApi();

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_GREENLET_API_H_
