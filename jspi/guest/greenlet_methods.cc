#include "greenlet_members.h"
#include "greenlet_switch.h"

namespace blockon {
namespace {

PyObject* Switch(PyObject* object, PyObject* const* arguments, int32_t count, PyObject* keywords) {
  Parcel parcel;
  if (!PackArguments(arguments, count, keywords, &parcel)) return nullptr;
  return SwitchTo(AsGreenlet(object), parcel);
}

bool IsExceptionType(PyObject* object) {
  return PyObject_IsInstance(object, reinterpret_cast<PyObject*>(&PyType_Type)) == 1 &&
         PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(object),
                          reinterpret_cast<PyTypeObject*>(PyExc_BaseException));
}

bool IsException(PyObject* object) {
  return PyType_IsSubtype(object->ob_type, reinterpret_cast<PyTypeObject*>(PyExc_BaseException));
}

// As `raise` makes one of a class and a value.
PyObject* NewException(PyObject* type, PyObject* value) {
  if (!value || value == Py_None) return PyObject_Vectorcall(type, nullptr, 0, nullptr);
  if (PyType_IsSubtype(value->ob_type, reinterpret_cast<PyTypeObject*>(type))) return NewReference(value);
  if (PyObject_IsInstance(value, reinterpret_cast<PyObject*>(&PyTuple_Type)) == 1) {
    return PyObject_Call(type, value, nullptr);
  }
  return PyObject_CallOneArg(type, value);
}

PyObject* Throw(PyObject* object, PyObject* arguments) {
  PyObject *type = greenlet_exit, *value = nullptr, *trace = nullptr;
  if (!PyArg_ParseTuple(arguments, "|OOO:throw", &type, &value, &trace)) return nullptr;
  return ThrowInto(AsGreenlet(object), type, value, trace);
}

PyObject* GetState(PyObject* object, PyObject*) {
  return PyErr_Format(PyExc_TypeError, "cannot serialize '%s' object", object->ob_type->tp_name);
}

}  // namespace

PyObject* ThrowInto(Greenlet* self, PyObject* type, PyObject* value, PyObject* trace) {
  if (trace == Py_None) trace = nullptr;
  if (trace && trace->ob_type != &PyTraceBack_Type) {
    PyErr_SetString(PyExc_TypeError, "throw() third argument must be a traceback object");
    return nullptr;
  }
  PyRef exception;
  if (IsExceptionType(type)) {
    exception.Reset(NewException(type, value));
    if (exception && !IsException(exception.get())) {
      return PyErr_Format(PyExc_TypeError, "calling %R should have returned an exception, not %R", type,
                          exception.get());
    }
  } else if (!IsException(type)) {
    return PyErr_Format(PyExc_TypeError, "exceptions must be classes, or instances, not %s", type->ob_type->tp_name);
  } else if (value && value != Py_None) {
    PyErr_SetString(PyExc_TypeError, "instance exception may not have a separate value");
  } else {
    exception.Reset(NewReference(type));
  }
  if (!exception || (trace && PyException_SetTraceback(exception.get(), trace) != 0)) return nullptr;
  const bool returns = self->started && !IsActive(self) &&
                       PyType_IsSubtype(exception.get()->ob_type, reinterpret_cast<PyTypeObject*>(greenlet_exit));
  PyObject* const thrown = exception.Release();
  return SwitchTo(self, returns ? OwnedParcel::Value(thrown) : OwnedParcel::Exception(thrown));
}

PyMethodDef greenlet_methods[] = {
    {"switch", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(Switch)), METH_FASTCALL | METH_KEYWORDS,
     "switch(*args, **kwargs)\n\nGo on with this greenlet, and return what is sent to the current one next. One that was never "
     "started calls\nrun(*args, **kwargs). One that was gets from its own call of switch() the argument, a tuple of them, the "
     "dict of those\ngiven by name, or both in a tuple. In place of one that is dead its parent goes on."},
    {"throw", Throw, METH_VARARGS,
     "throw(typ=GreenletExit, val=None, tb=None)\n\nGo on with this greenlet, and raise an exception in it."},
    {"__getstate__", GetState, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace blockon
