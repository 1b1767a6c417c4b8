#include "waker.h"

namespace blockon {
namespace {

PyObject* Notify(PyObject* fiber_id, PyObject*) {
  if (Fiber* fiber = Fiber::Find(static_cast<int>(PyLong_AsLong(fiber_id)))) fiber->WakeUp(Wake::kNotified);
  return NewNone();
}

PyMethodDef notify = {"wake_fiber", Notify, METH_O, nullptr};

}  // namespace

PyObject* NewWaker(Fiber* fiber) {
  PyRef id(PyLong_FromLong(fiber->id()));
  if (!id) return nullptr;
  return PyCFunction_NewEx(&notify, id.get(), nullptr);
}

bool IsWaker(PyObject* callable) {
  return callable->ob_type == &PyCFunction_Type && PyCFunction_GetFunction(callable) == Notify;
}

void CallWaker(PyObject* waker) { Py_DecRef(Notify(PyCFunction_GetSelf(waker), nullptr)); }

}  // namespace blockon
