#include "builtin_method.h"

namespace blockon {
namespace {

// What CPython's Include/cpython/descrobject.h declares.
struct Descriptor {
  PyObject ob_base;
  PyTypeObject* type;
  PyObject* name;
  PyObject* qualified_name;
};
struct MethodDescriptor : Descriptor {
  PyMethodDef* method;
};
struct MemberDescriptor : Descriptor {
  struct {
    const char* name;
    int type;
    int32_t offset;
  }* member;
};

PyMethodDef* DefinitionOf(PyObject* object) {
  if (object->ob_type == &PyMethodDescr_Type) return static_cast<MethodDescriptor*>(static_cast<void*>(object))->method;
  if (object->ob_type == &PyCFunction_Type) return reinterpret_cast<PyCFunctionObject*>(object)->m_ml;
  return nullptr;
}

}  // namespace

int32_t OffsetOfMember(PyObject* descriptor) {
  return descriptor->ob_type == &PyMemberDescr_Type
             ? static_cast<MemberDescriptor*>(static_cast<void*>(descriptor))->member->offset
             : -1;
}

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
