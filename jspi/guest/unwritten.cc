#include "unwritten.h"

#include <stddef.h>

#include "builtin_method.h"

extern "C" {
void* malloc(size_t size);
void* memcpy(void* to, const void* from, size_t size);
int memcmp(const void* one, const void* other, size_t size);
}

namespace blockon {
namespace {

// An object, which is kept, and what its memory held behind the count of references: whoever asks for it changes that.
struct Noted {
  static constexpr uint32_t kBegin = offsetof(PyObject, ob_type);

  const char* begin() const { return reinterpret_cast<const char*>(object) + kBegin; }

  PyObject* object;
  uint32_t size;
  void* bytes;
};

// A name of a dict, and what it is to be there.
struct Named {
  const char* name;
  PyObject* value;
};

constexpr int kMostNoted = 8;
Noted noted[kMostNoted];
int noted_count = 0;
Named streams[] = {{"stdout", nullptr}, {"stderr", nullptr}};
PyObject* names_of_sys = nullptr;

bool Note(PyObject* object, long size) {
  if (noted_count == kMostNoted || size < static_cast<long>(sizeof(PyObject))) {
    PyErr_SetString(PyExc_ValueError, "so many objects, or none so small, cannot be noted");
    return false;
  }
  void* const bytes = malloc(size);
  if (!bytes) {
    PyErr_SetString(PyExc_MemoryError, "there is no memory for the copy of an object");
    return false;
  }
  Noted& next = noted[noted_count++];
  next = {NewReference(object), static_cast<uint32_t>(size) - Noted::kBegin, bytes};
  memcpy(bytes, next.begin(), next.size);
  return true;
}

PyObject* NoteUnwritten(PyObject*, PyObject* const* arguments, int32_t count) {
  if (count == 0 || count % 2 == 0 || arguments[0]->ob_type != &PyDict_Type) {
    PyErr_SetString(PyExc_TypeError, "note_unwritten needs a dict, and objects with their sizes");
    return nullptr;
  }
  for (Named& each : streams) {
    each.value = PyDict_GetItemString(arguments[0], each.name);
    if (each.value) NewReference(each.value);
  }
  names_of_sys = NewReference(arguments[0]);
  for (int32_t i = 1; i < count; i += 2) {
    const long size = PyLong_AsLong(arguments[i + 1]);
    if ((size == -1 && PyErr_Occurred()) || !Note(arguments[i], size)) return nullptr;
  }
  return NewNone();
}

bool IsAsNoted() {
  for (const Named& each : streams) {
    if (PyDict_GetItemString(names_of_sys, each.name) != each.value) return false;
  }
  for (int i = 0; i < noted_count; i++) {
    if (memcmp(noted[i].begin(), noted[i].bytes, noted[i].size) != 0) return false;
  }
  return true;
}

}  // namespace

PyMethodDef unwritten_methods[] = {
    {"note_unwritten", AsMethod(NoteUnwritten), METH_FASTCALL,
     "note_unwritten(names, /, *objects)\n--\n\nNothing is unwritten: `names` are those of sys, `objects` are each followed by its size. "
     "Once, before a checkpoint."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace blockon

// On the event loop's stack: 0 where a reset finds all that was noted as it was.
extern "C" __attribute__((visibility("default"))) int blockon_has_unwritten() {
  return !blockon::names_of_sys || !blockon::IsAsNoted();
}
