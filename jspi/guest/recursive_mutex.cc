#include "recursive_mutex.h"

#include "cannot_wait.h"
#include "mutex.h"
#include "random_switches.h"
#include "run_sync.h"

namespace blockon {
namespace {

Mutex* MutexOf(RecursiveMutex* recursive) { return reinterpret_cast<Mutex*>(&recursive->mutex); }

// A mutex that a synchronous call has for a while, and whose it is.
struct Loan {
  RecursiveMutex* recursive;
  Owner owner;
  uint32_t level;
  Loan* previous;
};
Loan* innermost_loan = nullptr;

// Gives the caller a mutex that another one holds.
void Borrow(RecursiveMutex* recursive) {
  auto* loan = static_cast<Loan*>(PyMem_RawMalloc(sizeof(Loan)));
  if (!loan) EndForDeadlock();
  *loan = {recursive, recursive->owner, recursive->level, innermost_loan};
  innermost_loan = loan;
  recursive->owner = CurrentOwner();
  recursive->level = 0;
}

// At the last release: false when the mutex is not borrowed.
bool GiveBack(RecursiveMutex* recursive) {
  Loan* loan = innermost_loan;
  if (!loan || loan->recursive != recursive) return false;
  innermost_loan = loan->previous;
  recursive->owner = loan->owner;
  recursive->level = loan->level;
  PyMem_RawFree(loan);
  return true;
}

}  // namespace

bool LockRecursive(RecursiveMutex* recursive, Interrupts interrupts) {
  PassSwitchPoint();
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
  PassSwitchPoint();
  if (recursive->level > 0) {
    recursive->level--;
    return true;
  }
  if (GiveBack(recursive)) return true;
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

// In place of _PyRecursiveMutex_Lock, whose callers cannot raise: the lock of warnings. CPython calls Python code under it, which
// may warn, so what it protects is whole wherever that code can stand. Where nothing can be suspended the call that needs it gets
// it all the same: it begins and ends while the owner waits, as a call within the owner's own would.
__attribute__((visibility("default"))) void blockon_recursive_mutex_lock(RecursiveMutex* recursive) {
  const bool is_free = IsCurrent(recursive->owner) || !(recursive->mutex & Mutex::kLocked);
  if (is_free || CanSuspend()) {
    LockRecursive(recursive, Interrupts::kKeep);
  } else {
    Borrow(recursive);
  }
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
  PassSwitchPoint();
  if (MutexOf(recursive)->TryLock()) return static_cast<int>(LockStatus::kAcquired);
  if (IsCurrent(recursive->owner)) {
    recursive->level++;
    return static_cast<int>(LockStatus::kAcquired);
  }
  return static_cast<int>(LockContended(MutexOf(recursive), timeout, Interrupts::kReturn, recursive));
}

}  // extern "C"
