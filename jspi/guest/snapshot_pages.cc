#include "snapshot_pages.h"

#include "builtin_method.h"

extern "C" {
void* malloc(size_t size);
void free(void* memory);
void* memset(void* memory, int byte, size_t size);
void* memcpy(void* to, const void* from, size_t size);
void* sbrk(intptr_t increment);
}

namespace blockon {
namespace {

// CPython's, where a pointer has four bytes (Include/refcount.h).
constexpr int32_t kImmortal = 5 << 28;
constexpr int32_t kLeastImmortal = 1 << 30;

// Of the C library's malloc, which is Python's own here, too (dlmalloc). No hole is as large as the first.
constexpr size_t kLargest = 2 << 20;
constexpr size_t kLarge = 64 << 10;
constexpr size_t kStep = 16;

PyObject* MakeImmortal(PyObject*, PyObject* object) {
  if (object->ob_refcnt >= kLeastImmortal) return NewReference(&_Py_FalseStruct);
  object->ob_refcnt = kImmortal;
  return NewReference(&_Py_TrueStruct);
}

bool IsImmortal(const PyObject* object) { return object->ob_refcnt >= kLeastImmortal; }

PyObject* RefuseMortal() {
  PyErr_SetString(PyExc_TypeError, "only objects that live for ever can be moved");
  return nullptr;
}

// The size of an object's memory, in whole words. -1 with an exception.
long SizeFrom(PyObject* number) {
  const long size = PyLong_AsLong(number);
  if (size == -1 && PyErr_Occurred()) return -1;
  if (size >= static_cast<long>(sizeof(PyObject))) return size;
  PyErr_SetString(PyExc_ValueError, "an object is larger");
  return -1;
}

PyObject* CopyObject(PyObject*, PyObject* const* arguments, int32_t count) {
  if (count != 3) {
    PyErr_SetString(PyExc_TypeError, "copy_object needs three arguments");
    return nullptr;
  }
  PyObject* const object = arguments[0];
  if (!IsImmortal(object)) return RefuseMortal();
  const long size = SizeFrom(arguments[1]);
  if (size < 0) return nullptr;
  const long references = PyLong_AsLong(arguments[2]);
  if (references == -1 && PyErr_Occurred()) return nullptr;
  if (references < 0 || references % sizeof(void*) != 0 || references > size - static_cast<long>(sizeof(void*))) {
    PyErr_SetString(PyExc_ValueError, "weak references are in the object");
    return nullptr;
  }
  char* const copy = static_cast<char*>(malloc(size));
  if (!copy) {
    PyErr_SetString(PyExc_MemoryError, "there is no memory for the copy of an object");
    return nullptr;
  }
  memcpy(copy, object, size);
  reinterpret_cast<PyObject*>(copy)->ob_refcnt = kImmortal;
  // Those are the original's.
  if (references > 0) *reinterpret_cast<void**>(copy + references) = nullptr;
  return reinterpret_cast<PyObject*>(copy);
}

PyObject* ExchangeParts(PyObject*, PyObject* const* arguments, int32_t count) {
  if (count != 4) {
    PyErr_SetString(PyExc_TypeError, "exchange_parts needs four arguments");
    return nullptr;
  }
  if (!IsImmortal(arguments[2]) || !IsImmortal(arguments[3])) return RefuseMortal();
  const long size = SizeFrom(arguments[1]);
  if (size < 0) return nullptr;
  PyObject** const end = reinterpret_cast<PyObject**>(arguments[0]) + size / sizeof(PyObject*);
  bool found = false;
  for (PyObject** part = reinterpret_cast<PyObject**>(arguments[0] + 1); part < end; part++) {
    if (*part != arguments[2]) continue;
    *part = arguments[3];
    found = true;
  }
  return NewReference(found ? &_Py_TrueStruct : &_Py_FalseStruct);
}

// Takes what is free before the heap's end, the large before the small. False without memory.
bool TakeHoles() {
  // What is free behind that is the end, from which comes what fits nowhere else.
  char* const end = static_cast<char*>(malloc(kLargest));
  if (!end) return false;
  free(end);
  for (size_t size = kLarge; size >= kStep; size -= size > 4096 ? 4096 : kStep) {
    char* block;
    do {
      block = static_cast<char*>(malloc(size));
      if (!block) return false;
    } while (block < end);
    free(block);
  }
  return true;
}

PyObject* FillHoles(PyObject*, PyObject*) {
  if (TakeHoles()) return NewNone();
  PyErr_SetString(PyExc_MemoryError, "the holes of the heap cannot be filled: there is no memory at its end");
  return nullptr;
}

// A piece of memory that is free, while the others are looked for.
struct Hole {
  Hole* next;
};

// From large to small, down to what may be a whole page.
constexpr size_t kLargestCleared = 1 << 20;
constexpr size_t kLeastCleared = 8 << 10;

PyObject* ClearHoles(PyObject*, PyObject*) {
  // The heap may grow for what fits nowhere.
  const char* const end = static_cast<char*>(sbrk(0));
  Hole* holes = nullptr;
  for (size_t size = kLargestCleared; size >= kLeastCleared; size /= 2) {
    while (void* const block = malloc(size)) {
      if (static_cast<char*>(block) >= end) {
        free(block);
        break;
      }
      memset(block, 0, size);
      static_cast<Hole*>(block)->next = holes;
      holes = static_cast<Hole*>(block);
    }
  }
  while (holes) {
    Hole* const next = holes->next;
    holes->next = nullptr;
    free(holes);
    holes = next;
  }
  return NewNone();
}

}  // namespace

PyMethodDef snapshot_pages_methods[] = {
    {"make_immortal", MakeImmortal, METH_O,
     "make_immortal(object, /)\n--\n\nHave an object live for ever; False if it did already. For a snapshot alone."},
    {"copy_object", AsMethod(CopyObject), METH_FASTCALL,
     "copy_object(object, size, references, /)\n--\n\nA copy of the memory of an object that lives for ever and is in no list of the "
     "collector's; `references` is where it has its\nweak references, 0 for none. For a snapshot alone."},
    {"exchange_parts", AsMethod(ExchangeParts), METH_FASTCALL,
     "exchange_parts(holder, size, old, new, /)\n--\n\nPut an object that lives for ever in the place of another one in the memory of a "
     "function or a tuple; False if\nthat is not there. For a snapshot alone."},
    {"fill_holes", FillHoles, METH_NOARGS,
     "fill_holes()\n--\n\nTake what is free between the objects that there are, and never give it back. For a snapshot\n"
     "alone."},
    {"clear_holes", ClearHoles, METH_NOARGS,
     "clear_holes()\n--\n\nHave free memory be zeros: libraries' files, which the linker reads whole. For a snapshot alone."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace blockon
