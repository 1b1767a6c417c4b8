// The builtin module _blockon_greenlet: the native half of the package greenlet (shims/greenlet).
#include "greenlet.h"
#include "greenlet_api.h"
#include "greenlet_switch.h"
#include "greenlet_thread.h"

namespace blockon {

PyObject* greenlet_error = nullptr;
PyObject* greenlet_exit = nullptr;

namespace {

PyObject* GetCurrent(PyObject*, PyObject*) {
  GreenletThread* thread = CurrentGreenletThread();
  if (!thread) return nullptr;
  if (thread->doomed) EndDoomed(thread);
  return NewReference(AsObject(CurrentGreenlet()));
}

PyObject* GetTrace(PyObject*, PyObject*) {
  const GreenletThread* thread = CurrentGreenletThread();
  if (!thread) return nullptr;
  return thread->trace ? NewReference(thread->trace) : NewNone();
}

PyObject* SetTrace(PyObject* module, PyObject* function) {
  PyRef before(GetTrace(module, nullptr));
  if (!before) return nullptr;
  SetReference(&CurrentGreenletThread()->trace, function == Py_None ? nullptr : function);
  return before.Release();
}

PyObject* GetTotalMainGreenlets(PyObject*, PyObject*) { return PyLong_FromLong(MainGreenlets()); }

PyObject* SetThreadLocal(PyObject*, PyObject* arguments) {
  PyObject *key = nullptr, *value = nullptr;
  if (!PyArg_ParseTuple(arguments, "OO:set_thread_local", &key, &value)) return nullptr;
  PyObject* const dict = PyThreadState_GetDict();
  if (!dict) return PyErr_NoMemory();
  return PyDict_SetItem(dict, key, value) == 0 ? NewNone() : nullptr;
}

PyMethodDef methods[] = {
    {"getcurrent", GetCurrent, METH_NOARGS, "getcurrent()\n--\n\nReturn the greenlet that runs."},
    {"gettrace", GetTrace, METH_NOARGS, "gettrace()\n--\n\nReturn the trace function of this thread, or None."},
    {"settrace", SetTrace, METH_O,
     "settrace(callback, /)\n--\n\nHave callback(event, (origin, target)) called at each switch of this thread; return what was set."},
    {"get_total_main_greenlets", GetTotalMainGreenlets, METH_NOARGS,
     "get_total_main_greenlets()\n--\n\nReturn how many main greenlets there are."},
    {"set_thread_local", SetThreadLocal, METH_VARARGS,
     "set_thread_local(key, value)\n--\n\nSet an item of the thread's dict."},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef definition = {
    {{1, nullptr}, nullptr, 0, nullptr},
    "_blockon_greenlet",
    "Greenlets over fibers: use the package greenlet.",
    -1,
    methods,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
};

// What the package shows as attributes of the type, too.
bool AddToType(PyObject* module) {
  PyRef dict(PyType_GetDict(greenlet_type));
  const char* const names[] = {"getcurrent", "error", "GreenletExit", "settrace", "gettrace"};
  for (const char* name : names) {
    PyRef value(PyObject_GetAttrString(module, name));
    if (!dict || !value || PyDict_SetItemString(dict.get(), name, value.get()) != 0) return false;
  }
  PyType_Modified(greenlet_type);
  return true;
}

PyObject* InitModule() {
  PyRef module(PyModule_Create2(&definition, kPythonApiVersion));
  if (!module || !MakeGreenletType()) return nullptr;
  greenlet_error = PyErr_NewException("greenlet.error", nullptr, nullptr);
  greenlet_exit = PyErr_NewException("greenlet.GreenletExit", PyExc_BaseException, nullptr);
  const PyRef api(greenlet_error && greenlet_exit ? NewGreenletApi() : nullptr);
  if (!api || PyObject_SetAttrString(module.get(), "_C_API", api.get()) != 0 ||
      PyObject_SetAttrString(module.get(), "greenlet", reinterpret_cast<PyObject*>(greenlet_type)) != 0 ||
      PyObject_SetAttrString(module.get(), "error", greenlet_error) != 0 ||
      PyObject_SetAttrString(module.get(), "GreenletExit", greenlet_exit) != 0 || !AddToType(module.get())) {
    return nullptr;
  }
  return module.Release();
}

__attribute__((constructor)) void RegisterModule() { PyImport_AppendInittab("_blockon_greenlet", InitModule); }

}  // namespace
}  // namespace blockon
