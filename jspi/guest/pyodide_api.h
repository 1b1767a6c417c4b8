// What the guest uses of Pyodide's C functions, exports of the finished module as CPython's are (python_api.h).
//
// Called on: a stack that has a Python thread state attached.
#ifndef BLOCKON_JSPI_GUEST_PYODIDE_API_H_
#define BLOCKON_JSPI_GUEST_PYODIDE_API_H_

#include "python_api.h"

extern "C" {

// Where it starts.
PyObject* PyInit__pyodide_core();
int run_main();

// The foreign function interface.
bool py_is_awaitable(PyObject* object);
bool JsProxy_Check(PyObject* object);
JsVal JsProxy_Val(PyObject* proxy);
PyObject* js2python(JsVal value);
JsVal python2js(PyObject* value);
JsVal JsvNum_fromInt(int value);
JsVal _pyproxy_apply(PyObject* callable, JsVal args, uint32_t positional, JsVal keyword_names, uint32_t keywords);
// What a function returns when a Python exception is set: for wasm, which knows its type, and for the glue, which knows this
// one object.
JsVal Jsv_GetError_import();
bool JsvPromise_Check(JsVal value);
JsVal JsvPromise_Resolve(JsVal value);
int JsvError_Check(JsVal value);
JsRef hiwire_new(JsVal value);
JsVal hiwire_get(JsRef reference);
JsVal hiwire_pop(JsRef reference);
void hiwire_decref(JsRef reference);
PyObject* Js2PyConverter_convert(PyObject* converter, JsVal value, JsVal proxies);

}  // extern "C"

#endif  // BLOCKON_JSPI_GUEST_PYODIDE_API_H_
