// Mutexes of one byte, as CPython has them: PyMutex (and with it _thread.lock), and the locks of PyThread_allocate_lock.
//
// A release hands the mutex to the fiber that has waited longest, which finds it locked and its own: no other one can come in
// between, so waiting is fair and in order. A thread, which can be pre-empted, it wakes alone at first, and hands over when that has waited
// for a millisecond, as CPython does. What nobody waits for is one load and one store.
//
// Who holds a mutex is certain only where it has an owner (recursive_mutex.h): a plain one may be released by anyone, and who took it
// is a hint for messages (lock_holders.h).
//
// Called on any stack.
#ifndef BLOCKON_JSPI_GUEST_MUTEX_H_
#define BLOCKON_JSPI_GUEST_MUTEX_H_

#include "lock_holders.h"
#include "parking_lot.h"
#include "random_switches.h"
#include "recursive_mutex.h"

namespace blockon {

// CPython's PyLockStatus.
enum class LockStatus : int {
  kFailure = 0,
  kAcquired = 1,
  kInterrupted = 2,  // a Python exception is set
};

struct Mutex {
  uint8_t bits;

  static constexpr uint8_t kLocked = 1;
  static constexpr uint8_t kHasParked = 2;

  bool TryLock() {
    if (bits & kLocked) return false;
    bits |= kLocked;
    return true;
  }
};

// For a mutex that is locked. `timeout` in nanoseconds: 0 for not at all, < 0 for ever. `owned`: the same mutex as the part of a
// recursive one, else null. For Interrupts::kKeep, what cannot be waited for ends the interpreter.
LockStatus LockContended(Mutex* mutex, Nanoseconds timeout, Interrupts interrupts, const RecursiveMutex* owned);

// For one without an owner.
inline LockStatus LockPlain(Mutex* mutex, Nanoseconds timeout, Interrupts interrupts) {
  PassSwitchPoint();
  LockStatus status = LockStatus::kAcquired;
  if (!mutex->TryLock()) status = LockContended(mutex, timeout, interrupts, nullptr);
  if (status == LockStatus::kAcquired) NoteHolder(mutex);
  return status;
}

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_MUTEX_H_
