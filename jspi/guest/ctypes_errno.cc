#include "ctypes_errno.h"

#include "python_api.h"

// In place of _ctypes_get_errobj: where the two numbers are, and an object that keeps them alive (a new reference).
extern "C" __attribute__((visibility("default"))) PyObject* blockon_ctypes_errno(void*, int** numbers) {
  *numbers = blockon::ctypes_errno;
  return blockon::NewNone();
}
