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

namespace {

// Null with an exception set when the owner's is not what was expected.
PyMethodDef* DefinitionOf(PyObject* owner, const BuiltinMethod& method) {
  PyRef object(PyObject_GetAttrString(owner, method.name));
  if (!object) return nullptr;
  PyMethodDef* definition = DefinitionOf(object.get());
  if (definition && strcmp(definition->ml_name, method.name) == 0 && definition->ml_flags == method.flags)
    return definition;
  PyErr_Format(PyExc_SystemError, "this build of CPython declares %s otherwise than 3.14", method.name);
  return nullptr;
}

}  // namespace

bool ReplaceBuiltin(PyObject* owner, BuiltinMethod* method) {
  PyMethodDef* definition = DefinitionOf(owner, *method);
  if (!definition) return false;
  method->original = definition->ml_meth;
  if (method->stand_in) definition->ml_meth = method->stand_in;
  return true;
}

bool ReplaceBuiltin(PyObject* type, BuiltinMethod* method, int flags) {
  const PyMethodDef* definition = DefinitionOf(type, *method);
  if (!definition) return false;
  method->original = definition->ml_meth;
  method->definition = {method->name, method->stand_in, flags, definition->ml_doc};
  return AddMethod(type, &method->definition);
}

bool AddMethod(PyObject* object, PyMethodDef* definition) {
  auto* type = reinterpret_cast<PyTypeObject*>(object);
  PyRef descriptor(PyDescr_NewMethod(type, definition));
  PyRef dict(PyType_GetDict(type));
  if (!descriptor || !dict) return false;
  if (PyDict_SetItemString(dict.get(), definition->ml_name, descriptor.get()) != 0) return false;
  PyType_Modified(type);
  return true;
}

TupleAndDict::TupleAndDict(PyObject* first, PyObject* const* args, int32_t count, PyObject* names) {
  const int32_t before = first ? 1 : 0;
  tuple_.Reset(PyTuple_New(before + count));
  if (!tuple_) return;
  if (first) PyTuple_SetItem(tuple_.get(), 0, NewReference(first));
  for (int32_t i = 0; i < count; i++) PyTuple_SetItem(tuple_.get(), before + i, NewReference(args[i]));
  if (names) {
    dict_.Reset(PyDict_New());
    if (!dict_) return;
    const int32_t named = PyTuple_Size(names);
    for (int32_t i = 0; i < named; i++) {
      if (PyDict_SetItem(dict_.get(), PyTuple_GetItem(names, i), args[count + i]) != 0) return;
    }
  }
  ok_ = true;
}

}  // namespace blockon
