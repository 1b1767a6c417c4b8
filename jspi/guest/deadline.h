// Deadlines of blocks of Python code (blockon.timeout) and cancellation of fibers, for the module _blockon.
//
// A deadline belongs to the fiber that set it. When it passes, its exception is raised there: where the fiber waits, or soon where
// it runs (interruption.h).
//
// Owner: the Python object that set it, which knows it by its number and has to give it back.
#ifndef BLOCKON_JSPI_GUEST_DEADLINE_H_
#define BLOCKON_JSPI_GUEST_DEADLINE_H_

#include "python_api.h"

namespace blockon {

extern PyMethodDef deadline_methods[];

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_DEADLINE_H_
