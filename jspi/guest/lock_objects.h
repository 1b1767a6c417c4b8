// Python's lock objects: _thread.lock and _thread.RLock.
//
// CPython's methods of theirs parse a tuple and a dict of arguments where nothing is passed, and make a tuple of three times None at the
// end of a `with`. Those that are called most have stand-ins here, under other calling conventions, which do what is plain: take a lock
// without a timeout, let go of one. All else, the errors with it, is CPython's own function.
//
// Called on any stack, with a thread state attached.
#ifndef BLOCKON_JSPI_GUEST_LOCK_OBJECTS_H_
#define BLOCKON_JSPI_GUEST_LOCK_OBJECTS_H_

#include "mutex.h"
#include "python_api.h"
#include "recursive_mutex.h"

namespace blockon {

// Null until the stand-ins are installed.
extern PyTypeObject* lock_type;
extern PyTypeObject* rlock_type;

// As CPython lays them out, which is compared at start.
struct LockObject {
  PyObject head;
  Mutex mutex;
};
struct RLockObject {
  PyObject head;
  RecursiveMutex recursive;
};
static_assert(offsetof(LockObject, mutex) == 8 && offsetof(RLockObject, recursive) == 8);

inline bool IsLock(const PyObject* object) { return object->ob_type == lock_type; }
inline bool IsRLock(const PyObject* object) { return object->ob_type == rlock_type; }

// Python's results: null with an exception set.
PyObject* AcquireLock(PyObject* lock);
PyObject* ReleaseLock(PyObject* lock);
PyObject* AcquireRLock(PyObject* rlock);
PyObject* ReleaseRLock(PyObject* rlock);

// A function of the module _blockon for the Python half.
extern PyMethodDef lock_object_methods[];

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_LOCK_OBJECTS_H_
