// What the guest uses of CPython's C API and of libc, declared by hand. Pyodide's: pyodide_api.h.
//
// The guest is merged into a finished pyodide.asm.wasm, so no header of that build is at hand. Every
// function here is an export of it, resolved by the pass merge-guest, which refuses a missing name or
// another signature. The structures of CPython that are laid out are part of its documented API for extension
// modules: PyMethodDef, PyModuleDef and the head of PyTypeObject (32-bit, with the GIL).
//
// Called on: a stack that has a Python thread state attached.
#ifndef BLOCKON_JSPI_GUEST_PYTHON_API_H_
#define BLOCKON_JSPI_GUEST_PYTHON_API_H_

#include <stddef.h>
#include <stdint.h>

using JsVal = __externref_t;
// An index of Pyodide's table of JavaScript values (hiwire).
using JsRef = void*;

extern "C" {

struct PyThreadState;
struct PyInterpreterState;
struct PyTypeObject;

struct PyObject {
  int32_t ob_refcnt;
  PyTypeObject* ob_type;
};

// The head of a type object; the rest is not ours to know.
struct PyTypeObject {
  PyObject ob_base;
  int32_t ob_size;
  const char* tp_name;
};

// Of the buffer protocol.
struct PyBuffer {
  void* buf;
  PyObject* obj;
  int32_t len;
  int32_t itemsize;
  int readonly;
  int ndim;
  char* format;
  int32_t* shape;
  int32_t* strides;
  int32_t* suboffsets;
  void* internal;
};

using PyCFunction = PyObject* (*)(PyObject* self, PyObject* arg);

struct PyMethodDef {
  const char* ml_name;
  PyCFunction ml_meth;
  int ml_flags;
  const char* ml_doc;
};

struct PyCFunctionObject {
  PyObject ob_base;
  PyMethodDef* m_ml;
};

struct PyGetSetDef {
  const char* name;
  PyObject* (*get)(PyObject* self, void* closure);
  int (*set)(PyObject* self, PyObject* value, void* closure);
  const char* doc;
  void* closure;
};

struct PyModuleDef {
  struct {
    PyObject ob_base;
    PyObject* (*m_init)();
    int32_t m_index;
    PyObject* m_copy;
  } m_base;
  const char* m_name;
  const char* m_doc;
  int32_t m_size;
  PyMethodDef* m_methods;
  void* m_slots;
  void* m_traverse;
  void* m_clear;
  void* m_free;
};

enum : int {
  METH_VARARGS = 0x0001,
  METH_KEYWORDS = 0x0002,
  METH_NOARGS = 0x0004,
  METH_O = 0x0008,
  METH_FASTCALL = 0x0080
};
enum : int { kPythonApiVersion = 1013 };
enum : uint32_t { PY_VECTORCALL_ARGUMENTS_OFFSET = 0x80000000u };

// Singletons, types and exceptions.
extern PyObject _Py_NoneStruct;
extern PyObject _Py_TrueStruct;
extern PyObject _Py_FalseStruct;
extern PyObject _Py_NotImplementedStruct;
extern PyTypeObject PyBaseObject_Type;
extern PyTypeObject PyByteArray_Type;
extern PyTypeObject PyContext_Type;
extern PyTypeObject PyDict_Type;
extern PyTypeObject PyTraceBack_Type;
extern PyTypeObject PyType_Type;
extern PyTypeObject PyBytes_Type;
extern PyTypeObject PyCFunction_Type;
extern PyTypeObject PyCoro_Type;
extern PyTypeObject PyList_Type;
extern PyTypeObject PyLong_Type;
extern PyTypeObject PyMemberDescr_Type;
extern PyTypeObject PyMethodDescr_Type;
extern PyTypeObject PyMethod_Type;
extern PyTypeObject PyTuple_Type;
extern PyTypeObject PyUnicode_Type;
extern PyObject* PyExc_AttributeError;
extern PyObject* PyExc_BaseException;
extern PyObject* PyExc_LookupError;
extern PyObject* PyExc_ValueError;
extern PyObject* PyExc_MemoryError;
extern PyObject* PyExc_OSError;
extern PyObject* PyExc_OverflowError;
extern PyObject* PyExc_RuntimeError;
extern PyObject* PyExc_SystemError;
extern PyObject* PyExc_TimeoutError;
extern PyObject* PyExc_TypeError;
extern PyObject* PyExc_ValueError;

// References, attributes, calls.
void Py_IncRef(PyObject* object);
void Py_DecRef(PyObject* object);
PyObject* PyObject_GetAttr(PyObject* object, PyObject* name);
int PyObject_SetAttr(PyObject* object, PyObject* name, PyObject* value);
int PyObject_IsInstance(PyObject* object, PyObject* type);
PyObject* PyObject_GetAttrString(PyObject* object, const char* name);
PyObject* PyObject_Call(PyObject* callable, PyObject* arguments, PyObject* keywords);
PyObject* PyObject_Vectorcall(PyObject* callable, PyObject* const* args, uint32_t nargsf, PyObject* kwnames);
PyObject* PyObject_VectorcallMethod(PyObject* name, PyObject* const* args, uint32_t nargsf, PyObject* kwnames);
PyObject* PyObject_CallOneArg(PyObject* callable, PyObject* argument);
int PyObject_IsTrue(PyObject* object);
int Py_ReprEnter(PyObject* object);
void Py_ReprLeave(PyObject* object);

// Values.
int PyUnicode_CompareWithASCIIString(PyObject* text, const char* other);
PyObject* PyTuple_GetItem(PyObject* tuple, int32_t index);  // borrowed
int32_t PyTuple_Size(PyObject* tuple);
PyObject* PyUnicode_InternFromString(const char* text);
PyObject* PyUnicode_FromString(const char* text);
PyObject* PyUnicode_DecodeLatin1(const char* text, int32_t size, const char* errors);
const char* PyUnicode_AsUTF8AndSize(PyObject* text, int32_t* size);
int32_t PyUnicode_GetLength(PyObject* text);
PyObject* PyUnicode_EncodeFSDefault(PyObject* text);
PyObject* PyUnicode_DecodeFSDefaultAndSize(const char* text, int32_t size);
PyObject* PyFloat_FromDouble(double value);
PyObject* PyList_New(int32_t size);
int PyList_Append(PyObject* list, PyObject* item);
int32_t PyList_Size(PyObject* list);
PyObject* PyList_GetItem(PyObject* list, int32_t index);  // borrowed
PyObject* PyUnicode_FromFormat(const char* format, ...);
PyObject* PyLong_FromLong(long value);
PyObject* PyLong_FromUnsignedLongLong(uint64_t value);
long PyLong_AsLong(PyObject* object);
uint64_t PyLong_AsUnsignedLongLong(PyObject* object);
long PyLong_AsLongAndOverflow(PyObject* object, int* overflow);
PyObject* PyDict_New();
int32_t PyDict_Size(PyObject* dict);
int PyDict_SetItem(PyObject* dict, PyObject* key, PyObject* value);
int PyDict_Next(PyObject* dict, int32_t* position, PyObject** key, PyObject** value);  // borrowed
int PyDict_SetItemString(PyObject* dict, const char* key, PyObject* value);
PyObject* PyDict_GetItemString(PyObject* dict, const char* key);  // borrowed; null without an exception
PyObject* PyTuple_New(int32_t size);
PyObject* PyTuple_Pack(int32_t size, ...);
int PyTuple_SetItem(PyObject* tuple, int32_t index, PyObject* item);
void PyStructSequence_SetItem(PyObject* sequence, int32_t index, PyObject* item);
PyObject* PyCFunction_NewEx(PyMethodDef* method, PyObject* self, PyObject* module);
PyCFunction PyCFunction_GetFunction(PyObject* function);
PyObject* PyCFunction_GetSelf(PyObject* function);
int PyArg_ParseTuple(PyObject* arguments, const char* format, ...);
int PyArg_ParseTupleAndKeywords(PyObject* arguments, PyObject* keywords, const char* format, const char* const* names,
                                ...);
PyObject* Py_BuildValue(const char* format, ...);
PyObject* PyObject_Str(PyObject* object);
PyObject* PyUnicode_AsEncodedString(PyObject* text, const char* encoding, const char* errors);
char* PyByteArray_AsString(PyObject* bytes);
int32_t PyByteArray_Size(PyObject* bytes);
int PyByteArray_Resize(PyObject* bytes, int32_t size);
PyObject* PyBytes_FromStringAndSize(const char* bytes, int32_t size);
char* PyBytes_AsString(PyObject* bytes);
int PyBytes_AsStringAndSize(PyObject* object, char** bytes, int32_t* size);
int _PyBytes_Resize(PyObject** bytes, int32_t size);
PyObject* PySequence_List(PyObject* sequence);
PyObject* PySequence_Tuple(PyObject* sequence);
PyObject* PyMemoryView_FromObject(PyObject* object);
PyObject* PyTuple_GetSlice(PyObject* tuple, int32_t start, int32_t end);
int PySequence_DelSlice(PyObject* sequence, int32_t start, int32_t end);
void PyBuffer_Release(PyBuffer* buffer);
int PyWeakref_GetRef(PyObject* weak, PyObject** object);
long Py_HashBuffer(const void* bytes, int32_t size);

// Types.
PyObject* PyType_GetDict(PyTypeObject* type);
void PyType_Modified(PyTypeObject* type);
PyObject* PyType_GenericAlloc(PyTypeObject* type, int32_t items);
PyObject* PyType_FromSpec(const void* specification);
void* PyType_GetSlot(PyTypeObject* type, int slot);
int PyType_IsSubtype(PyTypeObject* type, PyTypeObject* base);
void PyObject_GC_UnTrack(void* object);
void PyObject_GC_Del(void* object);
void PyObject_ClearWeakRefs(PyObject* object);
PyObject* PyDescr_NewMethod(PyTypeObject* type, PyMethodDef* definition);
PyObject* PyDescr_NewGetSet(PyTypeObject* type, PyGetSetDef* definition);

// Modules.
PyObject* PyImport_ImportModule(const char* name);
int PyImport_AppendInittab(const char* name, PyObject* (*init)());
PyObject* PyModule_Create2(PyModuleDef* definition, int api_version);
int PyObject_SetAttrString(PyObject* object, const char* name, PyObject* value);
int PyModule_AddFunctions(PyObject* module, PyMethodDef* functions);
PyObject* PyCapsule_New(void* pointer, const char* name, void (*destructor)(PyObject* capsule));

// Exceptions.
PyObject* PyErr_Occurred();
void PyErr_Clear();
void PyErr_Print();
void PyErr_WriteUnraisable(PyObject* object);
PyObject* PyErr_NewException(const char* name, PyObject* base, PyObject* dict);
int PyException_SetTraceback(PyObject* exception, PyObject* traceback);
PyObject* PyErr_NoMemory();
int PyErr_BadArgument();
int PyErr_CheckSignals();
PyObject* PyErr_SetFromErrno(PyObject* type);
PyObject* PyErr_GetRaisedException();
void PyErr_SetRaisedException(PyObject* exception);
int PyErr_ExceptionMatches(PyObject* type);
void set_error(PyObject* error);
void PyErr_SetObject(PyObject* type, PyObject* value);
void PyErr_SetString(PyObject* type, const char* message);
PyObject* PyErr_Format(PyObject* type, const char* format, ...);
[[noreturn]] void _Py_FatalErrorFunc(const char* function, const char* message);

int PySys_Audit(const char* event, const char* format, ...);
int Py_MakePendingCalls();

// Clocks: nanoseconds, 0 on success.
int PyTime_MonotonicRaw(int64_t* result);
int _PyTime_FromSecondsObject(int64_t* result, PyObject* seconds, int rounding);

// Thread states.
PyThreadState* PyThreadState_Get();
PyThreadState* PyThreadState_GetUnchecked();
PyObject* PyThreadState_GetFrame(PyThreadState* tstate);
PyThreadState* PyThreadState_New(PyInterpreterState* interpreter);
PyThreadState* PyThreadState_Swap(PyThreadState* tstate);
void PyThreadState_Clear(PyThreadState* tstate);
void PyThreadState_Delete(PyThreadState* tstate);
void PyThreadState_DeleteCurrent();
PyObject* PyThreadState_GetDict();
uint64_t PyThreadState_GetID(PyThreadState* tstate);
void PyThreadState_EnterTracing(PyThreadState* tstate);
void PyThreadState_LeaveTracing(PyThreadState* tstate);
PyThreadState* PyThreadState_Next(PyThreadState* tstate);
PyInterpreterState* PyInterpreterState_Get();
PyThreadState* PyInterpreterState_ThreadHead(PyInterpreterState* interpreter);
PyObject* PyContext_CopyCurrent();
int PyContext_Enter(PyObject* context);
int PyContext_Exit(PyObject* context);
unsigned long PyThread_get_thread_ident();
int PyGILState_Ensure();
void PyGILState_Release(int state);
PyThreadState* PyGILState_GetThisThreadState();
PyThreadState* PyEval_SaveThread();
void PyEval_RestoreThread(PyThreadState* tstate);
PyObject* PyEval_GetGlobals();  // borrowed; null without an exception
PyObject* PyThreadState_GetFrame(PyThreadState* tstate);
PyObject* PyFrame_GetCode(PyObject* frame);
int PyFrame_GetLineNumber(PyObject* frame);
uint64_t PyThread_get_thread_ident_ex();
int PyUnstable_Object_IsUniqueReferencedTemporary(PyObject* object);
int PyUnstable_ThreadState_SetStackProtection(PyThreadState* tstate, void* start, uint32_t size);

// A lock of one byte.
void PyMutex_Unlock(void* mutex);

// Memory: libc's, by way of the hooks that tracemalloc and tests install.
void* PyMem_RawMalloc(size_t size);
void* PyMem_RawRealloc(void* memory, size_t size);
void PyMem_RawFree(void* memory);

// What CPython takes for its own arenas and for Python frames.
struct PyObjectArenaAllocator {
  void* ctx;
  void* (*alloc)(void* ctx, size_t size);
  void (*free)(void* ctx, void* memory, size_t size);
};
void PyObject_GetArenaAllocator(PyObjectArenaAllocator* allocator);
void PyObject_SetArenaAllocator(const PyObjectArenaAllocator* allocator);

// libc and the C++ runtime of the main module.
void* memset(void* memory, int value, size_t size);
void* memcpy(void* to, const void* from, size_t size);
int strcmp(const char* one, const char* other);
size_t strlen(const char* text);
int* __errno_location();
void* __cxa_get_globals();
uint32_t emscripten_stack_get_base();
uint32_t emscripten_stack_get_end();

}  // extern "C"

#define Py_None (&_Py_NoneStruct)
#define Py_True (&_Py_TrueStruct)
#define Py_False (&_Py_FalseStruct)

namespace blockon {

// To the same object, or to none.
inline PyObject* NewReference(PyObject* object) {
  if (object) Py_IncRef(object);
  return object;
}
inline PyObject* NewNone() { return NewReference(Py_None); }
inline PyObject* NewBool(bool value) { return NewReference(value ? Py_True : Py_False); }

// Makes `place` refer to `object`, or to nothing, instead of what it does. What it did may run code when it goes, which finds the new.
inline void SetReference(PyObject** place, PyObject* object) {
  PyObject* old = *place;
  *place = NewReference(object);
  if (old) Py_DecRef(old);
}

// Owns one reference; null stands for "none" or for "a Python exception is set".
class PyRef {
 public:
  PyRef() = default;
  explicit PyRef(PyObject* owned) : object_(owned) {}
  PyRef(const PyRef&) = delete;
  PyRef& operator=(const PyRef&) = delete;
  ~PyRef() { Reset(nullptr); }

  void Reset(PyObject* owned) {
    PyObject* old = object_;
    object_ = owned;
    if (old) Py_DecRef(old);
  }
  PyObject* Release() {
    PyObject* object = object_;
    object_ = nullptr;
    return object;
  }
  PyObject* get() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  PyObject* object_ = nullptr;
};

// Takes away the exception that is set, if there is one, for calls of Python in between, and sets it again at its end in place of
// what those left.
class KeptException {
 public:
  KeptException() : exception_(PyErr_GetRaisedException()) {}
  KeptException(const KeptException&) = delete;
  KeptException& operator=(const KeptException&) = delete;
  ~KeptException() { PyErr_SetRaisedException(exception_.Release()); }

 private:
  PyRef exception_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_PYTHON_API_H_
