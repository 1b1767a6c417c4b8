#include "import_lock.h"

#include "mutex.h"
#include "owner.h"

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

// importlib's dict of the locks of modules, each under a weak reference while somebody has it or waits for it; null before it is known.
PyObject* module_locks = nullptr;

PyObject* SetModuleLocks(PyObject*, PyObject* locks) {
  SetReference(&module_locks, locks);
  return NewNone();
}

// The lock's attribute is the owner's number, or None. It runs no code of Python's.
bool Owns(uint32_t call, PyObject* weak) {
  PyObject* lock = nullptr;
  if (PyWeakref_GetRef(weak, &lock) <= 0) {
    PyErr_Clear();
    return false;
  }
  const PyRef kept(lock);
  PyRef owner(PyObject_GetAttrString(lock, "owner"));
  const bool owns = owner && owner.get()->ob_type == &PyLong_Type && PyLong_AsUnsignedLongLong(owner.get()) == call;
  PyErr_Clear();
  return owns;
}

PyObject* Held(PyObject*, PyObject*) { return NewBool(import_lock.mutex & Mutex::kLocked); }

}  // namespace

bool HoldsImportLock() {
  if ((import_lock.mutex & Mutex::kLocked) && IsCurrent(import_lock.owner)) return true;
  if (!module_locks) return false;
  int32_t position = 0;
  PyObject* name = nullptr;
  PyObject* weak = nullptr;
  while (PyDict_Next(module_locks, &position, &name, &weak)) {
    if (Owns(CurrentCall(), weak)) return true;
  }
  return false;
}

PyMethodDef import_lock_methods[] = {
    {"acquire_import_lock", Acquire, METH_NOARGS, "acquire_import_lock()\n--\n\n_imp.acquire_lock, owned by a task."},
    {"release_import_lock", Release, METH_NOARGS, "release_import_lock()\n--\n\n_imp.release_lock, owned by a task."},
    {"import_lock_held", Held, METH_NOARGS, "import_lock_held()\n--\n\n_imp.lock_held: whether any task holds it."},
    {"set_module_locks", SetModuleLocks, METH_O,
     "set_module_locks(locks)\n--\n\nTell where importlib keeps the locks of modules."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace blockon
