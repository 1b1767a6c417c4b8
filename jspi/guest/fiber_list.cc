#include "fiber_list.h"

#include "fiber.h"
#include "lock_holders.h"
#include "mutex.h"
#include "owner.h"
#include "timers.h"

namespace blockon {
namespace {

constexpr const char* kStateNames[kFiberStateCount] = {"fresh", "running", "suspended", "resuming", "done"};

// By FiberKind.
constexpr const char* kKindNames[] = {"task", "event loop", "thread", "greenlet"};

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

// The Python object whose first member, behind its head, lies at `address`, if it is of one of these types.
PyObject* ObjectAround(const void* address, PyObject* types) {
  auto* object = const_cast<PyObject*>(static_cast<const PyObject*>(address)) - 1;
  for (int i = 0; i < PyTuple_Size(types); i++) {
    if (reinterpret_cast<PyObject*>(object->ob_type) != PyTuple_GetItem(types, i)) continue;
    Py_IncRef(object);
    return object;
  }
  return nullptr;
}

// What it waits for, if that is in memory: an object, else its address; None for what is JavaScript's or a time.
PyObject* Awaited(const Fiber* fiber, PyObject* types) {
  if (fiber->awaited) {
    Py_IncRef(fiber->awaited);
    return fiber->awaited;
  }
  if (!fiber->parked_at) return NewNone();
  if (PyObject* object = ObjectAround(fiber->parked_at, types)) return object;
  return PyLong_FromLong(static_cast<long>(reinterpret_cast<uint32_t>(fiber->parked_at)));
}

PyObject* HeldBy(const Fiber* fiber) {
  const Fiber* holder = nullptr;
  if (fiber->waits_on) {
    holder = FindOwner(static_cast<const RecursiveMutex*>(fiber->waits_on)->owner);
  } else if (fiber->parked_at) {
    holder = FindHolder(fiber->parked_at);
  }
  return holder ? PyLong_FromLong(holder->id()) : NewNone();
}

// (id, kind, state, age in seconds, what it waits for in words or None, frame or None, what it waits for or None, the id of the
// fiber that holds it or None, the ident of the thread that it is or is a part of, or None)
PyObject* Describe(const Fiber* fiber, Nanoseconds now, PyObject* types) {
  PyRef tuple(PyTuple_New(9));
  if (!tuple) return nullptr;
  PyObject* t = tuple.get();
  const bool suspended = fiber->state() == FiberState::kSuspended;
  const Fiber* thread = fiber->thread();
  const double age = fiber->began() ? static_cast<double>(now - fiber->began()) / 1e9 : 0;
  if (Append(t, 0, PyLong_FromLong(fiber->id())) &&
      Append(t, 1, PyUnicode_FromString(kKindNames[static_cast<int>(fiber->kind())])) &&
      Append(t, 2, PyUnicode_FromString(kStateNames[static_cast<int>(fiber->state())])) &&
      Append(t, 3, PyFloat_FromDouble(age)) && Append(t, 4, NewText(suspended ? fiber->waits_for : nullptr)) &&
      Append(t, 5, TopFrame(fiber)) && Append(t, 6, suspended ? Awaited(fiber, types) : NewNone()) &&
      Append(t, 7, suspended ? HeldBy(fiber) : NewNone()) &&
      Append(t, 8, thread ? PyLong_FromUnsignedLongLong(ThreadIdent(thread)) : NewNone())) {
    return tuple.Release();
  }
  return nullptr;
}

PyObject* Fibers(PyObject*, PyObject* types) {
  PyRef list(PyList_New(0));
  if (!list) return nullptr;
  const Nanoseconds now = Now();
  for (Fiber* fiber = Fiber::Youngest(); fiber; fiber = fiber->older()) {
    PyRef entry(Describe(fiber, now, types));
    if (!entry || PyList_Append(list.get(), entry.get()) != 0) return nullptr;
  }
  return list.Release();
}

}  // namespace

PyMethodDef fiber_list_methods[] = {
    {"fibers", Fibers, METH_O,
     "fibers(types)\n--\n\nReturn a tuple for each live fiber, the youngest first: id, kind ('task', 'event loop', 'thread' or 'greenlet'), state, seconds\n"
     "since it first waited, what it waits for in words (None unless suspended), its innermost frame (or None), what it waits\n"
     "for (a future, an object of one of these types, which wait at their first member, an address, or None), the id of the\n"
     "fiber that holds it (or None), the ident of the thread that it is or is a part of (or None)."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace blockon
