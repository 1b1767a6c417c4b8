#include "builtin_method.h"

namespace blockon {
namespace {

// The head of what CPython's Include/cpython/descrobject.h declares for a method.
struct MethodDescriptor {
  PyObject ob_base;
  PyTypeObject* type;
  PyObject* name;
  PyObject* qualified_name;
  PyMethodDef* method;
};

PyMethodDef* DefinitionOf(PyObject* object) {
  if (object->ob_type == &PyMethodDescr_Type) return reinterpret_cast<MethodDescriptor*>(object)->method;
  if (object->ob_type == &PyCFunction_Type) return reinterpret_cast<PyCFunctionObject*>(object)->m_ml;
  return nullptr;
}

}  // namespace

bool ReplaceBuiltin(PyObject* owner, BuiltinMethod* method) {
  PyRef object(PyObject_GetAttrString(owner, method->name));
  if (!object) return false;
  PyMethodDef* definition = DefinitionOf(object.get());
  if (!definition || strcmp(definition->ml_name, method->name) != 0 || definition->ml_flags != method->flags) {
    PyErr_Format(PyExc_SystemError, "this build of CPython declares %s otherwise than 3.14", method->name);
    return false;
  }
  method->original = definition->ml_meth;
  if (method->stand_in) definition->ml_meth = method->stand_in;
  return true;
}

}  // namespace blockon
