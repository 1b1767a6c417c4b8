// Blocking: what pyodide.ffi.run_sync does.
//
// Called on a fiber, with its thread state attached. Each function returns a new reference, or null with a Python
// exception set.
#ifndef BLOCKON_JSPI_GUEST_RUN_SYNC_H_
#define BLOCKON_JSPI_GUEST_RUN_SYNC_H_

#include "fiber.h"
#include "python_api.h"

// Whether no JavaScript frame stands between here and the fiber's entry. The glue clears it around each synchronous call of Python.
extern "C" bool blockon_suspendable;

namespace blockon {

// Whether this call may suspend: on a fiber, with no JavaScript frame since its entry.
bool CanSuspend();

// The fiber that may suspend here, or null with a RuntimeError that says why there is none.
Fiber* SuspendableFiber();

// What a promise gives: its value, or its reason where fiber->thrown(). `state` is what blockon_promise_state says of it, or
// -1; one that is fulfilled is read without suspending. An exception is set where fiber->woken_by() is kCancelled; where it is
// neither that nor kNone, the promise is pending still.
JsVal AwaitPromise(Fiber* fiber, JsVal promise, int state);

// Sets the exception for what a suspension threw: the promise's reason, or V8's refusal to suspend.
void RaiseThrown(JsVal thrown);

// The result of a future that follows asyncio's protocol.
PyObject* WaitForFuture(Fiber* fiber, PyObject* future);

// The result of a coroutine, run at once as a Task: it costs a wait only if it suspends. In a thread the event loop runs it.
PyObject* RunCoroutine(Fiber* fiber, PyObject* coroutine);

// Has Python call run_sync without the trampoline that C functions of one argument are called through in wasm. False with an exception
// set; once, when Pyodide's own module is made.
bool InstallRunSync(PyObject* core_module);

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_RUN_SYNC_H_
