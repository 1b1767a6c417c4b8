// The list of live fibers, for `blockon ps` and for programs.
#ifndef BLOCKON_JSPI_GUEST_FIBER_LIST_H_
#define BLOCKON_JSPI_GUEST_FIBER_LIST_H_

#include "python_api.h"

namespace blockon {

extern PyMethodDef fiber_list_methods[];

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_FIBER_LIST_H_
