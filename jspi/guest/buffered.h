// Buffered files: the function of the module _blockon that looks where CPython keeps what buffered.cc asks for.
#ifndef BLOCKON_JSPI_GUEST_BUFFERED_H_
#define BLOCKON_JSPI_GUEST_BUFFERED_H_

#include "python_api.h"

namespace blockon {

extern PyMethodDef buffered_methods[];

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_BUFFERED_H_
