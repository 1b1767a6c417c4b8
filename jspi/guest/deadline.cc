#include "deadline.h"

#include "asyncio_api.h"
#include "fiber.h"
#include "interruption.h"
#include "timers.h"

namespace blockon {
namespace {

struct Deadline {
  Timer timer;
  int fiber_id;
  PyObject* exception;  // raised when it passes
  bool passed;
  Deadline* next;
};

Deadline* deadlines = nullptr;

constinit MethodName name_ended("_ended");
constinit MethodName name_error("_error");
constinit MethodName name_expired("_expired");

void OnPassed(Timer* timer) {
  auto* deadline = static_cast<Deadline*>(timer->owner);
  deadline->passed = true;
  Fiber* fiber = Fiber::Find(deadline->fiber_id);
  if (!fiber) return;
  Py_IncRef(deadline->exception);
  fiber->Cancel(deadline->exception);
}

// set_deadline(seconds, exception)
PyObject* SetDeadline(PyObject*, PyObject* arguments) {
  double seconds = 0;
  PyObject* exception = nullptr;
  if (!PyArg_ParseTuple(arguments, "dO:set_deadline", &seconds, &exception)) return nullptr;
  if (PyObject_IsInstance(exception, PyExc_BaseException) != 1) {
    return PyErr_Format(PyExc_TypeError, "set_deadline() needs an exception, not %.100s", exception->ob_type->tp_name);
  }
  Fiber* fiber = Fiber::Current();
  if (!fiber) {
    PyErr_SetString(PyExc_RuntimeError,
                    "there is no fiber to end here: this code was called by a synchronous function of JavaScript. Use "
                    "pyFunc.callPromising() to fix.");
    return nullptr;
  }
  auto* deadline = static_cast<Deadline*>(PyMem_RawMalloc(sizeof(Deadline)));
  if (!deadline) return PyErr_NoMemory();
  *deadline = Deadline{};
  deadline->timer.fire = OnPassed;
  deadline->timer.owner = deadline;
  const double wait = seconds < 0 ? 0 : seconds < 9e9 ? seconds : 9e9;
  if (!AddTimer(&deadline->timer, Now() + static_cast<Nanoseconds>(wait * 1e9))) {
    PyMem_RawFree(deadline);
    return nullptr;
  }
  Py_IncRef(exception);
  deadline->exception = exception;
  deadline->fiber_id = fiber->id();
  deadline->next = deadlines;
  deadlines = deadline;
  PollDeadlines();
  return NewNone();
}

// Whether it passed. The exception tells which, since it may be raised before its caller has anything else.
bool End(PyObject* exception) {
  for (Deadline** link = &deadlines; *link; link = &(*link)->next) {
    Deadline* deadline = *link;
    if (deadline->exception != exception) continue;
    *link = deadline->next;
    RemoveTimer(&deadline->timer);
    // It passed, and the block ended before its exception was raised: it must not be raised after it.
    Fiber* fiber = Fiber::Find(deadline->fiber_id);
    if (fiber) fiber = fiber->top();
    if (fiber && fiber->WillRaise(deadline->exception)) Py_DecRef(fiber->TakeException());
    const bool passed = deadline->passed;
    Py_DecRef(deadline->exception);
    PyMem_RawFree(deadline);
    return passed;
  }
  return false;
}

PyObject* EndDeadline(PyObject*, PyObject* exception) { return NewBool(End(exception)); }

// timeout.__exit__(kind, error, trace). A method of C's, since an exception may be raised where a function of Python's begins: that
// of a deadline which passes after its block ended must not. The deadline ends without any memory, as it must.
PyObject* ExitTimeout(PyObject* self, PyObject* const* arguments, int32_t count) {
  if (count != 3) return PyErr_Format(PyExc_TypeError, "timeout.__exit__() takes 3 arguments (%d given)", count);
  PyRef own(PyObject_GetAttr(self, name_error.Get()));
  if (!own) return nullptr;
  if (own.get() == Py_None) return NewNone();
  PyRef passed(NewBool(End(own.get())));
  if (PyObject_SetAttr(self, name_expired.Get(), passed.get()) != 0) return nullptr;
  return CallMethod(self, name_ended, arguments[1]);
}

PyMethodDef exit_timeout = {"__exit__", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(ExitTimeout)),
                            METH_FASTCALL, "__exit__($self, kind, error, trace, /)\n--\n\nEnd the block."};

PyObject* NewTimeoutExit(PyObject*, PyObject* type) {
  if (!name_ended.Get() || !name_error.Get() || !name_expired.Get()) return nullptr;
  return PyDescr_NewMethod(reinterpret_cast<PyTypeObject*>(type), &exit_timeout);
}

// cancel(fiber id, exception) -> whether it will be raised
PyObject* Cancel(PyObject*, PyObject* arguments) {
  int id = 0;
  PyObject* exception = nullptr;
  if (!PyArg_ParseTuple(arguments, "iO:cancel", &id, &exception)) return nullptr;
  if (PyObject_IsInstance(exception, PyExc_BaseException) != 1) {
    return PyErr_Format(PyExc_TypeError, "cancel() needs an exception, not %.100s", exception->ob_type->tp_name);
  }
  Fiber* fiber = Fiber::Find(id);
  if (!fiber) return PyErr_Format(PyExc_LookupError, "there is no fiber %d: it has ended, or never was", id);
  Py_IncRef(exception);
  return NewBool(fiber->Cancel(exception));
}

}  // namespace

PyMethodDef deadline_methods[] = {
    {"set_deadline", SetDeadline, METH_VARARGS,
     "set_deadline(seconds, exception)\n--\n\nRaise the exception in this fiber when the time has passed."},
    {"end_deadline", EndDeadline, METH_O,
     "end_deadline(exception)\n--\n\nTake back what set_deadline() did, if it did; True when the time had passed."},
    {"new_timeout_exit", NewTimeoutExit, METH_O,
     "new_timeout_exit(type)\n--\n\nReturn the method __exit__ of the class timeout, which ends a deadline and calls _ended()."},
    {"cancel", Cancel, METH_VARARGS,
     "cancel(fiber_id, exception)\n--\n\nRaise the exception where a fiber waits, or soon where it runs; False when it has one\n"
     "to raise already. Raises LookupError when there is no such fiber."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace blockon
