// An extension module with C++ exceptions in flight while Python blocks: ctests/runtime/cxx_exceptions.test.ts loads it.
//
// The C++ runtime keeps the exceptions that are being handled, and how many are on their way, in two globals. Each call here
// lets Python wait at a moment when they are not empty; other fibers do the same meanwhile.
#include "jspi/guest/python_api.h"

extern "C" unsigned __cxa_uncaught_exceptions();

namespace {

struct Error {
  long number;
};

// Calls the Python function with a number, unless a Python exception is set. False when one is set then.
bool Call(PyObject* callback, long number) {
  if (PyErr_Occurred()) return false;
  blockon::PyRef argument(PyLong_FromLong(number));
  PyObject* const args[] = {argument.get()};
  blockon::PyRef result(PyObject_Vectorcall(callback, args, 1, nullptr));
  return static_cast<bool>(result);
}

// Waits in its destructor, which runs while an exception unwinds the stack.
struct WaitsOnTheWayOut {
  PyObject* callback;
  long number;
  unsigned on_their_way;
  bool* good;
  ~WaitsOnTheWayOut() { *good = Call(callback, number) && __cxa_uncaught_exceptions() == on_their_way && *good; }
};

long ThrowAndWait(PyObject* callback, long number, bool* good) {
  const unsigned outer = __cxa_uncaught_exceptions();
  try {
    try {
      WaitsOnTheWayOut guard{callback, number, outer + 1, good};
      throw Error{number};
    } catch (const Error& error) {
      *good = Call(callback, error.number) && __cxa_uncaught_exceptions() == outer && *good;
      throw;  // The one that is being handled here, whatever other fibers caught and threw since.
    }
  } catch (const Error& error) {
    return error.number;
  }
}

// rethrow(callback): the number that came through two waits and a rethrow, or an error when a count was another's.
PyObject* Rethrow(PyObject*, PyObject* args) {
  blockon::PyRef number_attribute(PyObject_GetAttrString(args, "number"));
  blockon::PyRef callback(PyObject_GetAttrString(args, "callback"));
  if (!number_attribute || !callback) return nullptr;
  bool good = true;
  const long number = ThrowAndWait(callback.get(), PyLong_AsLong(number_attribute.get()), &good);
  if (PyErr_Occurred()) return nullptr;
  if (!good) {
    PyErr_SetString(PyExc_SystemError, "the count of exceptions on their way is another fiber's");
    return nullptr;
  }
  return PyLong_FromLong(number);
}

// catch_around(callback): Python, and what it waits for, between a throw's place and its catch.
PyObject* CatchAround(PyObject*, PyObject* callback) {
  try {
    if (!Call(callback, 0)) return nullptr;
    throw Error{7};
  } catch (const Error& error) {
    return PyLong_FromLong(error.number);
  }
}

PyMethodDef methods[] = {
    {"rethrow", Rethrow, METH_O, nullptr},
    {"catch_around", CatchAround, METH_O, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef definition = {
    {{1, nullptr}, nullptr, 0, nullptr}, "cxx_exceptions", nullptr, -1, methods, nullptr, nullptr, nullptr, nullptr,
};

}  // namespace

extern "C" __attribute__((visibility("default"))) PyObject* PyInit_cxx_exceptions() {
  return PyModule_Create2(&definition, kPythonApiVersion);
}
