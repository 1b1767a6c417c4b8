#include "fiber_list.h"

#include "fiber.h"
#include "timers.h"

namespace blockon {
namespace {

constexpr const char* kStateNames[kFiberStateCount] = {"fresh", "running", "suspended", "resuming", "done"};

// Takes the value; null is an error of whoever made it.
bool Append(PyObject* tuple, int index, PyObject* value) { return value && PyTuple_SetItem(tuple, index, value) == 0; }

PyObject* NewText(const char* text) {
  if (text) return PyUnicode_FromString(text);
  return NewNone();
}

PyObject* TopFrame(const Fiber* fiber) {
  PyThreadState* tstate = fiber->tstate().own();
  if (PyObject* frame = tstate ? PyThreadState_GetFrame(tstate) : nullptr) return frame;
  return NewNone();
}

// (id, kind, state, age in seconds, what it waits for or None, frame or None)
PyObject* Describe(const Fiber* fiber, Nanoseconds now) {
  PyRef tuple(PyTuple_New(6));
  if (!tuple) return nullptr;
  PyObject* t = tuple.get();
  const bool suspended = fiber->state() == FiberState::kSuspended;
  const double age = fiber->began() ? static_cast<double>(now - fiber->began()) / 1e9 : 0;
  if (Append(t, 0, PyLong_FromLong(fiber->id())) &&
      Append(t, 1, PyUnicode_FromString(fiber->kind() == FiberKind::kTask ? "task" : "event loop")) &&
      Append(t, 2, PyUnicode_FromString(kStateNames[static_cast<int>(fiber->state())])) &&
      Append(t, 3, PyFloat_FromDouble(age)) && Append(t, 4, NewText(suspended ? fiber->waits_for : nullptr)) &&
      Append(t, 5, TopFrame(fiber))) {
    return tuple.Release();
  }
  return nullptr;
}

PyObject* Fibers(PyObject*, PyObject*) {
  PyRef list(PyList_New(0));
  if (!list) return nullptr;
  const Nanoseconds now = Now();
  for (Fiber* fiber = Fiber::Youngest(); fiber; fiber = fiber->older()) {
    PyRef entry(Describe(fiber, now));
    if (!entry || PyList_Append(list.get(), entry.get()) != 0) return nullptr;
  }
  return list.Release();
}

}  // namespace

PyMethodDef fiber_list_methods[] = {
    {"fibers", Fibers, METH_NOARGS,
     "fibers()\n--\n\nReturn a tuple for each live fiber, the youngest first: id, kind ('task' or 'event loop'), state, seconds\n"
     "since it first waited, what it waits for (None unless suspended), its innermost frame (or None)."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace blockon
