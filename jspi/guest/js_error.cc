// In place of Pyodide's set_error (patches/314.0.7/routes.txt), which sets the exception that stands for a JavaScript error. It is given
// null where there was no memory for that exception: MemoryError is set then, and stays.
#include "python_api.h"

extern "C" __attribute__((visibility("default"))) void blockon_set_error(PyObject* error) {
  if (error) set_error(error);
}
