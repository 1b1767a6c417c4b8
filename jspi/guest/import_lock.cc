#include "import_lock.h"

#include "mutex.h"

namespace blockon {
namespace {

RecursiveMutex import_lock{};

PyObject* Acquire(PyObject*, PyObject*) {
  if (!LockRecursive(&import_lock, Interrupts::kReturn)) return nullptr;
  return NewNone();
}

PyObject* Release(PyObject*, PyObject*) {
  if (UnlockRecursive(&import_lock)) return NewNone();
  PyErr_SetString(PyExc_RuntimeError, "not holding the import lock");
  return nullptr;
}

PyObject* Held(PyObject*, PyObject*) { return NewBool(import_lock.mutex & Mutex::kLocked); }

}  // namespace

PyMethodDef import_lock_methods[] = {
    {"acquire_import_lock", Acquire, METH_NOARGS, "acquire_import_lock()\n--\n\n_imp.acquire_lock, owned by a task."},
    {"release_import_lock", Release, METH_NOARGS, "release_import_lock()\n--\n\n_imp.release_lock, owned by a task."},
    {"import_lock_held", Held, METH_NOARGS, "import_lock_held()\n--\n\n_imp.lock_held: whether any task holds it."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace blockon
