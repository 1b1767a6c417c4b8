// The few things of asyncio that run_sync needs, with their objects looked up once for the interpreter.
//
// Owner: the interpreter; the cached references live as long as it does.
#ifndef BLOCKON_JSPI_GUEST_ASYNCIO_API_H_
#define BLOCKON_JSPI_GUEST_ASYNCIO_API_H_

#include "python_api.h"

namespace blockon {

// The name of a method, interned at its first use and kept. Declare one per name at file scope.
class MethodName {
 public:
  explicit constexpr MethodName(const char* text) : text_(text) {}
  // Borrowed; null with MemoryError set.
  PyObject* Get() {
    if (!interned_) interned_ = PyUnicode_InternFromString(text_);
    return interned_;
  }

 private:
  const char* text_;
  PyObject* interned_ = nullptr;
};

// New references, or null with an exception set.
PyObject* CallMethod(PyObject* object, MethodName& name, PyObject* argument = nullptr);

// The running loop, else the main thread's: whoever is given a promise has a future of it, in a thread without a loop too.
PyObject* GetEventLoop();

// Whether the running loop is another than Pyodide's: its frames are below the caller's, and it stands still while that waits.
bool IsWithinOwnLoop();
// Whether a future is that loop's.
bool IsOfRunningLoop(PyObject* future);

// future.done(): 1, 0, or -1 with an exception set.
int IsDone(PyObject* future);

// Cancels a future or task that is given up. The exception that is set stays.
void CancelAwaited(PyObject* future);

// asyncio.ensure_future(awaitable), of the main thread's loop.
PyObject* EnsureMainFuture(PyObject* awaitable);
// The same, of the running loop.
PyObject* EnsureFuture(PyObject* awaitable);

// A Task that has run its first step already (asyncio's eager start), unless the loop has a task factory of
// its own, which then decides.
PyObject* StartTask(PyObject* coroutine);

// A future of the running loop that belongs to a promise. `registered` tells whether the loop counts it; where it does not,
// RegisterLoopFuture() has to follow: the loop's own create_future() costs as much as the rest of a call.
PyObject* NewLoopFuture(bool* registered);
void RegisterLoopFuture(PyObject* future);

// The exception for a promise that was rejected with `reason`, which is no exception.
PyObject* ErrorOfReason(PyObject* reason);

// _blockon.set_promise_futures(...), by which the Python half says what these three need.
extern PyMethodDef promise_future_methods[];

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_ASYNCIO_API_H_
