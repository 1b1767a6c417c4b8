#include "blocking.h"

#include "engine_api.h"
#include "owner.h"
#include "run_sync.h"
#include "wait.h"

namespace blockon {
namespace {

// CPython's _PyTime_ROUND_TIMEOUT: up, so that it sleeps no less than asked.
constexpr int kRoundUp = 3;

// `original` is CPython's own: for a call that cannot be suspended.
PyObject* Sleep(PyObject* original, PyObject* seconds) {
  if (!CanSuspend()) return PyObject_CallOneArg(original, seconds);
  if (PySys_Audit("time.sleep", "O", seconds) < 0) return nullptr;
  Nanoseconds duration = 0;
  if (_PyTime_FromSecondsObject(&duration, seconds, kRoundUp) < 0) return nullptr;
  if (duration < 0) {
    PyErr_SetString(PyExc_ValueError, "sleep length must be non-negative");
    return nullptr;
  }
  Fiber* fiber = Fiber::Current();
  const Nanoseconds deadline = DeadlineAfter(duration);
  do {
    // Of no length: the others have a turn.
    Wait(fiber, duration == 0 ? blockon_next_turn() : NoPromise(), "time.sleep", duration == 0 ? kNever : deadline);
    if (fiber->woken_by() == Wake::kCancelled) return nullptr;
    if (fiber->woken_by() == Wake::kNone && fiber->thrown()) return PyObject_CallOneArg(original, seconds);
  } while (duration > 0 && Now() < deadline);
  return NewNone();
}

PyMethodDef sleep_method = {
    "sleep", Sleep, METH_O,
    "sleep(object, /)\n--\n\nBlock this task, and no other, for so many seconds; a part of one too."};

PyObject* MakeSleep(PyObject*, PyObject* original) {
  PyRef module(PyUnicode_InternFromString("time"));
  return module ? PyCFunction_NewEx(&sleep_method, original, module.get()) : nullptr;
}

PyObject* GetOwner(PyObject*, PyObject*) { return PyLong_FromUnsignedLongLong(CurrentCall()); }

}  // namespace

PyMethodDef blocking_methods[] = {
    {"make_sleep", MakeSleep, METH_O,
     "make_sleep(original)\n--\n\nReturn a time.sleep that blocks this task only; `original` is called where nothing can be "
     "suspended."},
    {"owner", GetOwner, METH_NOARGS,
     "owner()\n--\n\nReturn the number by which this task owns locks: no other one, before or after, has the same. Outside of "
     "any task it is the main thread's ident."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace blockon
