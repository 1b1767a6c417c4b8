#include "lock_objects.h"

#include "builtin_method.h"

namespace blockon {

PyTypeObject* lock_type = nullptr;
PyTypeObject* rlock_type = nullptr;

namespace {

LockObject* AsLock(PyObject* object) { return reinterpret_cast<LockObject*>(object); }
RecursiveMutex* RecursiveOf(PyObject* object) { return &reinterpret_cast<RLockObject*>(object)->recursive; }

PyObject* CallOriginal(const BuiltinMethod& method, PyObject* self, PyObject* const* args, int32_t count,
                       PyObject* names) {
  const TupleAndDict arguments(nullptr, args, count, names);
  return arguments ? WithKeywords(method.original)(self, arguments.tuple(), arguments.dict()) : nullptr;
}

// Whether the arguments of acquire() say to wait for ever.
bool WaitsForEver(PyObject* const* args, int32_t count, const PyObject* names) {
  return !names && (count == 0 || (count == 1 && args[0] == Py_True));
}

PyObject* Acquire(PyObject* self, PyObject* const* args, int32_t count, PyObject* names);
PyObject* AcquireAlias(PyObject* self, PyObject* const* args, int32_t count, PyObject* names);
PyObject* Exit(PyObject* self, PyObject* const* args, int32_t count);
PyObject* AcquireR(PyObject* self, PyObject* const* args, int32_t count, PyObject* names);
PyObject* ExitR(PyObject* self, PyObject* const* args, int32_t count);

constexpr int kTupleAndDict = METH_VARARGS | METH_KEYWORDS;
constexpr int kFastWithKeywords = METH_FASTCALL | METH_KEYWORDS;

BuiltinMethod acquire = {"acquire", kTupleAndDict, AsMethod(Acquire)};
BuiltinMethod acquire_alias = {"acquire_lock", kTupleAndDict, AsMethod(AcquireAlias)};
BuiltinMethod exit_lock = {"__exit__", METH_VARARGS, AsMethod(Exit)};
BuiltinMethod release = {"release", METH_NOARGS, nullptr};
BuiltinMethod acquire_r = {"acquire", kTupleAndDict, AsMethod(AcquireR)};
BuiltinMethod exit_r = {"__exit__", METH_VARARGS, AsMethod(ExitR)};
BuiltinMethod release_r = {"release", METH_NOARGS, nullptr};

PyObject* AcquireBy(const BuiltinMethod& method, PyObject* self, PyObject* const* args, int32_t count,
                    PyObject* names) {
  if (WaitsForEver(args, count, names)) return AcquireLock(self);
  if (!names && count == 1 && args[0] == Py_False)
    return NewBool(LockPlain(&AsLock(self)->mutex, 0, Interrupts::kReturn) == LockStatus::kAcquired);
  return CallOriginal(method, self, args, count, names);
}

PyObject* Acquire(PyObject* self, PyObject* const* args, int32_t count, PyObject* names) {
  return AcquireBy(acquire, self, args, count, names);
}

PyObject* AcquireAlias(PyObject* self, PyObject* const* args, int32_t count, PyObject* names) {
  return AcquireBy(acquire_alias, self, args, count, names);
}

PyObject* Exit(PyObject* self, PyObject* const*, int32_t) { return ReleaseLock(self); }

PyObject* AcquireR(PyObject* self, PyObject* const* args, int32_t count, PyObject* names) {
  return WaitsForEver(args, count, names) ? AcquireRLock(self) : CallOriginal(acquire_r, self, args, count, names);
}

PyObject* ExitR(PyObject* self, PyObject* const*, int32_t) { return ReleaseRLock(self); }

// A reference, null with an exception set. That a lock of it is laid out as expected shows where it is held and where not.
PyObject* TypeOf(PyObject* module, const char* name, const BuiltinMethod& locks, const BuiltinMethod& unlocks) {
  PyRef type(PyObject_GetAttrString(module, name));
  PyRef lock(type ? PyObject_Vectorcall(type.get(), nullptr, 0, nullptr) : nullptr);
  PyRef nothing(PyTuple_New(0));
  if (!lock || !nothing) return nullptr;
  const Mutex* mutex = &AsLock(lock.get())->mutex;
  bool expected = mutex->bits == 0;
  PyRef taken(WithKeywords(locks.original)(lock.get(), nothing.get(), nullptr));
  expected = expected && mutex->bits == Mutex::kLocked;
  PyRef released(taken ? unlocks.original(lock.get(), nullptr) : nullptr);
  if (!released) return nullptr;
  if (expected && mutex->bits == 0) return type.Release();
  PyErr_SetString(PyExc_SystemError, "this build of CPython lays out its locks otherwise than 3.14");
  return nullptr;
}

// take_locks(module)
PyObject* TakeLocks(PyObject*, PyObject* module) {
  PyRef lock(PyObject_GetAttrString(module, "lock"));
  PyRef rlock(lock ? PyObject_GetAttrString(module, "RLock") : nullptr);
  if (!rlock) return nullptr;
  PyObject* const plain = lock.get();
  PyObject* const recursive = rlock.get();
  if (!ReplaceBuiltin(plain, &acquire, kFastWithKeywords) ||
      !ReplaceBuiltin(plain, &acquire_alias, kFastWithKeywords) || !ReplaceBuiltin(plain, &exit_lock, METH_FASTCALL) ||
      !ReplaceBuiltin(plain, &release) || !ReplaceBuiltin(recursive, &acquire_r, kFastWithKeywords) ||
      !ReplaceBuiltin(recursive, &exit_r, METH_FASTCALL) || !ReplaceBuiltin(recursive, &release_r)) {
    return nullptr;
  }
  // Both types live as long as their module, which the interpreter keeps.
  lock_type = reinterpret_cast<PyTypeObject*>(TypeOf(module, "lock", acquire, release));
  if (!lock_type) return nullptr;
  rlock_type = reinterpret_cast<PyTypeObject*>(TypeOf(module, "RLock", acquire_r, release_r));
  return rlock_type ? NewNone() : nullptr;
}

}  // namespace

PyObject* AcquireLock(PyObject* lock) {
  const LockStatus status = LockPlain(&AsLock(lock)->mutex, -1, Interrupts::kReturn);
  return status == LockStatus::kInterrupted ? nullptr : NewBool(status == LockStatus::kAcquired);
}

PyObject* ReleaseLock(PyObject* lock) {
  Mutex* mutex = &AsLock(lock)->mutex;
  PassSwitchPoint();
  if (mutex->bits != Mutex::kLocked) return release.original(lock, nullptr);
  mutex->bits = 0;
  return NewNone();
}

PyObject* AcquireRLock(PyObject* rlock) {
  return LockRecursive(RecursiveOf(rlock), Interrupts::kReturn) ? NewBool(true) : nullptr;
}

PyObject* ReleaseRLock(PyObject* rlock) {
  return UnlockRecursive(RecursiveOf(rlock)) ? NewNone() : release_r.original(rlock, nullptr);
}

PyMethodDef lock_object_methods[] = {
    {"take_locks", TakeLocks, METH_O,
     "take_locks(module, /)\n--\n\nHave the locks of the module _thread taken and released by the shortest way. Once."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace blockon
