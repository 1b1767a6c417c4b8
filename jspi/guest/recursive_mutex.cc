#include "recursive_mutex.h"

#include "mutex.h"

namespace blockon {
namespace {

Mutex* MutexOf(RecursiveMutex* recursive) { return reinterpret_cast<Mutex*>(&recursive->mutex); }

}  // namespace

bool LockRecursive(RecursiveMutex* recursive, Interrupts interrupts) {
  if (IsCurrent(recursive->owner)) {
    recursive->level++;
    return true;
  }
  Mutex* mutex = MutexOf(recursive);
  if (!mutex->TryLock() && LockContended(mutex, -1, interrupts, recursive) != LockStatus::kAcquired) return false;
  recursive->owner = CurrentOwner();
  return true;
}

bool UnlockRecursive(RecursiveMutex* recursive) {
  if (!recursive->Mine()) return false;
  if (recursive->level > 0) {
    recursive->level--;
    return true;
  }
  recursive->owner = 0;
  PyMutex_Unlock(recursive);
  return true;
}

}  // namespace blockon

using namespace blockon;

extern "C" {

// In place of _PyRecursiveMutex_IsLockedByCurrentThread.
__attribute__((visibility("default"))) int blockon_recursive_mutex_is_mine(const RecursiveMutex* recursive) {
  return recursive->Mine();
}

// In place of _PyRecursiveMutex_Lock, whose callers cannot raise.
__attribute__((visibility("default"))) void blockon_recursive_mutex_lock(RecursiveMutex* recursive) {
  LockRecursive(recursive, Interrupts::kKeep);
}

// In place of _PyRecursiveMutex_Unlock.
__attribute__((visibility("default"))) void blockon_recursive_mutex_unlock(RecursiveMutex* recursive) {
  if (!UnlockRecursive(recursive))
    _Py_FatalErrorFunc("blockon", "a recursive mutex is unlocked by a task that does not own it");
}

// In place of _PyRecursiveMutex_TryUnlock.
__attribute__((visibility("default"))) int blockon_recursive_mutex_try_unlock(RecursiveMutex* recursive) {
  return UnlockRecursive(recursive) ? 0 : -1;
}

// In place of _PyMutex_LockTimed in RLock's acquire, which counts for an equal owner, and sets the owner itself.
__attribute__((visibility("default"))) int blockon_recursive_mutex_lock_timed(RecursiveMutex* recursive,
                                                                              int64_t timeout, int) {
  if (MutexOf(recursive)->TryLock()) return static_cast<int>(LockStatus::kAcquired);
  if (IsCurrent(recursive->owner)) {
    recursive->level++;
    return static_cast<int>(LockStatus::kAcquired);
  }
  return static_cast<int>(LockContended(MutexOf(recursive), timeout, Interrupts::kReturn, recursive));
}

}  // extern "C"
