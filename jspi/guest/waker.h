// A Python callable that wakes a fiber: what is given to add_done_callback.
//
// It names the fiber by its id. When that has come to mean another fiber, the wake is a spurious one, which every wait
// bears (wait.h).
#ifndef BLOCKON_JSPI_GUEST_WAKER_H_
#define BLOCKON_JSPI_GUEST_WAKER_H_

#include "fiber.h"
#include "python_api.h"

namespace blockon {

// A new reference, or null with an exception set.
PyObject* NewWaker(Fiber* fiber);
// Whether this is one; the event loop calls those at once, since they run no Python code.
bool IsWaker(PyObject* callable);
void CallWaker(PyObject* waker);

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_WAKER_H_
