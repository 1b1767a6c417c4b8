// What types of CPython's have in C: has a built-in method or function call another C function, which still reaches the one that it
// stands in for, and tells where a member is.
//
// For what neither exports nor calls a function of its own by which it could be found in the module (patches/314.0.7/routes.txt). The
// objects in Python stay what they are: name, text, type.
//
// Called at start, with a thread state attached.
#ifndef BLOCKON_JSPI_GUEST_BUILTIN_METHOD_H_
#define BLOCKON_JSPI_GUEST_BUILTIN_METHOD_H_

#include "python_api.h"

namespace blockon {

using PyCFunctionWithKeywords = PyObject* (*)(PyObject* self, PyObject* args, PyObject* keywords);
using PyCFunctionFast = PyObject* (*)(PyObject* self, PyObject* const* args, int32_t count);
using PyCFunctionFastWithKeywords = PyObject* (*)(PyObject* self, PyObject* const* args, int32_t count,
                                                  PyObject* names);

struct BuiltinMethod {
  const char* name;
  int flags;             // as CPython declares it
  PyCFunction stand_in;  // null: only the original is wanted
  PyCFunction original = nullptr;
  PyMethodDef definition{};
};

// Once. Of a type (method descriptors) or of a module (functions). False with an exception set when one of them is not what was expected.
bool ReplaceBuiltin(PyObject* owner, BuiltinMethod* method);

// The same, of a type, with a descriptor of other flags (METH_FASTCALL...) and of the same name and text.
bool ReplaceBuiltin(PyObject* type, BuiltinMethod* method, int flags);

// A method of a type, in place of any of that name. False with an exception set.
bool AddMethod(PyObject* type, PyMethodDef* definition);

// Where objects of the type have what a descriptor of a member or slot is for; -1 for any other object.
int32_t OffsetOfMember(PyObject* descriptor);

// For METH_VARARGS | METH_KEYWORDS.
inline PyCFunction AsMethod(PyCFunctionWithKeywords function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(function));
}
// For METH_FASTCALL, and METH_FASTCALL | METH_KEYWORDS.
inline PyCFunction AsMethod(PyCFunctionFast function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(function));
}
inline PyCFunction AsMethod(PyCFunctionFastWithKeywords function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(function));
}
inline PyCFunctionWithKeywords WithKeywords(PyCFunction function) {
  return reinterpret_cast<PyCFunctionWithKeywords>(reinterpret_cast<void*>(function));
}

// What a function gets by METH_FASTCALL | METH_KEYWORDS, as a tuple, behind `first` where that is not null, and a dict.
class TupleAndDict {
 public:
  TupleAndDict(PyObject* first, PyObject* const* args, int32_t count, PyObject* names);

  // False with an exception set.
  explicit operator bool() const { return ok_; }
  PyObject* tuple() const { return tuple_.get(); }
  PyObject* dict() const { return dict_.get(); }  // null where nothing has a name

 private:
  PyRef tuple_;
  PyRef dict_;
  bool ok_ = false;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_BUILTIN_METHOD_H_
