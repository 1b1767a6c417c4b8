// asyncio's handles (asyncio.Handle, TimerHandle), made and run without their Python code.
//
// They are instances of asyncio's own classes, with every slot set as __init__ sets it; what is done here is read from the
// slots' descriptors once. Anything out of the ordinary (debug mode, another class, a callback that raises) is left to asyncio or to
// shims/blockon/_event_loop.py.
//
// Called with a thread state attached. Owner: the caller has the references.
#ifndef BLOCKON_JSPI_GUEST_HANDLE_H_
#define BLOCKON_JSPI_GUEST_HANDLE_H_

#include "python_api.h"

namespace blockon {

// A Handle of `callback(*arguments)` for `loop`; a copy of the current context if `context` is null. A new reference, or null
// with an exception set.
PyObject* NewHandle(PyObject* loop, PyObject* callback, PyObject* const* arguments, int count, PyObject* context);

// Whether it is of one of asyncio's two classes, and no other.
bool IsHandle(PyObject* object);

// Runs a handle. False with an exception set: only SystemExit and KeyboardInterrupt come out of one.
bool RunHandle(PyObject* handle);

// _blockon.set_handles(...), by which the Python half says what these two need.
extern PyMethodDef handle_methods[];

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_HANDLE_H_
