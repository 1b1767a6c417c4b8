// Python to JavaScript for the value that crosses most: a small int.
//
// Pyodide asks of each int whether it is of a class of its own (JsBigInt) by Python's protocol for that. What is an int and of no
// other class is told by its type.
//
// Called with a thread state attached, on any stack.
#include "pyodide_api.h"
#include "python_api.h"

extern "C" {

// In place of Pyodide's function of this type (patches/314.0.7/routes.txt).
__attribute__((visibility("default"))) JsVal blockon_python2js(PyObject* value) {
  if (value->ob_type == &PyLong_Type) {
    int overflow = 0;
    const long number = PyLong_AsLongAndOverflow(value, &overflow);
    if (overflow == 0) return JsvNum_fromInt(static_cast<int>(number));
  }
  return python2js(value);
}

}  // extern "C"
