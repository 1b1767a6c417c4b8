// The identity of JavaScript objects that Python has proxies of.
//
// Pyodide keeps a Map from each object that has a proxy to its place in the table of JavaScript values, so that two proxies
// of one object have one js_id. Every proxy pays for it when it is made and when it goes; and an object that is proxied again
// and again while thousands of others are alive leaves as many deleted entries in one bucket of V8's Map, which each look-up
// then passes. Here each proxy has a place of its own, and an object is given a number when js_id is asked for.
//
// Called with a thread state attached, on any stack.
#include "js_identity.h"

#include "engine_api.h"
#include "pyodide_api.h"
#include "python_api.h"

namespace blockon {
namespace {

// The type counts too, as in Pyodide: one object may have proxies of two kinds.
PyObject* JsId(PyObject* proxy, void*) {
  const uint32_t key[2] = {static_cast<uint32_t>(reinterpret_cast<uintptr_t>(proxy->ob_type)),
                           static_cast<uint32_t>(blockon_js_id(JsProxy_Val(proxy)))};
  return PyLong_FromLong(Py_HashBuffer(key, sizeof(key)));
}

PyGetSetDef js_id = {"js_id", JsId, nullptr, nullptr, nullptr};

PyObject* SetJsId(PyObject*, PyObject* type) {
  auto* proxy_type = reinterpret_cast<PyTypeObject*>(type);
  PyRef dict(PyType_GetDict(proxy_type));
  if (!dict) return nullptr;
  PyRef descriptor(PyDescr_NewGetSet(proxy_type, &js_id));
  if (!descriptor || PyDict_SetItemString(dict.get(), "js_id", descriptor.get()) != 0) return nullptr;
  PyType_Modified(proxy_type);
  return NewNone();
}

}  // namespace

PyMethodDef js_identity_methods[] = {
    {"set_js_id", SetJsId, METH_O, "set_js_id(type)\n--\n\nGive the base type of JavaScript proxies its js_id."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace blockon

// In place of Pyodide's function of this type (patches/314.0.7/routes.txt).
extern "C" __attribute__((visibility("default"))) JsRef blockon_hiwire_new_deduplicate(JsVal value) {
  return hiwire_new(value);
}
