// The future that Python gets when a JavaScript function returns a promise (Pyodide's wrap_promise).
//
//   js.f() --> WrapPromise(): a PyodideFuture, and the promise beside it in the list of those not yet attached
//      run_sync(that future, which nobody else has) --> takes the promise back and waits for it; the future is dropped
//      await of it in a coroutine that run_sync() runs --> the same, in place of the event loop
//      else, when the JavaScript that runs now has ended --> AttachPromises(): promise.then(...) settles the future
//
// Attaching costs more than all the rest of a call, and nobody can tell when it happens: before the microtask in which it does,
// no promise settles and no rejection counts as unhandled.
//
// Owner: the list, which has a reference to each future, to its promise and its converter, until they are attached or taken.
// Called with a thread state attached, on any stack.
#ifndef BLOCKON_JSPI_GUEST_PROMISE_FUTURE_H_
#define BLOCKON_JSPI_GUEST_PROMISE_FUTURE_H_

#include "fiber.h"
#include "python_api.h"

namespace blockon {

// Whether the future is in the list and nobody but the list and the caller's caller has it.
bool HasPromiseToTake(PyObject* future);

// Waits for the promise of such a future, in place of the future. A new reference, or null with an exception set.
PyObject* WaitForTakenPromise(Fiber* fiber, PyObject* future);

// Waits for the promise of the future that a pending task waits for, settles it, and runs the task's next step, all on this
// fiber. False, with nothing done, where the task does not wait for such a future that nobody else has; `failed` tells
// of an exception, which is set then.
bool StepTaskByPromise(Fiber* fiber, PyObject* task, bool* failed);

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_PROMISE_FUTURE_H_
