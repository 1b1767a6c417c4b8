#include "syscall_error.h"

#include "fiber.h"
#include "wait.h"

namespace blockon {
namespace {

// That of a call on no fiber: nothing else runs before it is asked for.
PyObject* kept = nullptr;

}  // namespace

int FailWith(int number) {
  *__errno_location() = number;
  return -1;
}

int FailWithRaised(int number) {
  PyObject* exception = PyErr_GetRaisedException();
  if (Fiber* fiber = Fiber::Current()) {
    if (fiber->interrupted) {
      fiber->Cancel(exception);
      return FailWith(number);
    }
    fiber->interrupted = true;
    fiber->Cancel(exception);
  } else {
    SetReference(&kept, exception);
    Py_DecRef(exception);
  }
  return FailWith(kEINTR);
}

int FailWithError(PyObject* type, int number, const char* text, int errno_number) {
  PyRef code(type ? PyLong_FromLong(number) : nullptr);
  PyRef message(code ? PyUnicode_FromString(text) : nullptr);
  if (message) {
    PyObject* arguments[] = {code.get(), message.get()};
    PyRef exception(PyObject_Vectorcall(type, arguments, 2, nullptr));
    if (exception) PyErr_SetRaisedException(exception.Release());
  }
  return FailWithRaised(errno_number);
}

}  // namespace blockon

using namespace blockon;

extern "C" __attribute__((visibility("default"))) int blockon_check_signals() {
  Fiber* fiber = Fiber::Current();
  if (fiber && fiber->interrupted) {
    fiber->interrupted = false;
    if (RaiseCancelled(fiber)) return -1;
  }
  if (kept && !fiber) {
    PyObject* exception = kept;
    kept = nullptr;
    PyErr_SetRaisedException(exception);
    return -1;
  }
  return PyErr_CheckSignals();
}
