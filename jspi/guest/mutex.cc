#include "mutex.h"

#include "cannot_wait.h"
#include "run_sync.h"
#include "time_slices.h"
#include "wait.h"

namespace blockon {
namespace {

// What CPython's PyMutex_Unlock expects of a waiter: it hands the mutex over when the clock is past `fair_from`, and else lets go of it.
struct MutexWaiter {
  int64_t fair_from = INT64_MIN;
  int handed_off = 0;
};

// CPython's. One that can be pre-empted may be with the mutex in its hands: others come to wait then, and if each release handed over
// from then on, each would be a switch, for ever.
constexpr Nanoseconds kUnfairFor = 1'000'000;

LockStatus Refused(Interrupts interrupts, const Mutex* mutex, const RecursiveMutex* owned) {
  if (interrupts == Interrupts::kKeep) EndForDeadlock();
  RaiseCannotWait(owned, mutex);
  return LockStatus::kInterrupted;
}

LockStatus Raise(Fiber* fiber) {
  RaiseCancelled(fiber);
  return LockStatus::kInterrupted;
}

}  // namespace

LockStatus LockContended(Mutex* mutex, Nanoseconds timeout, Interrupts interrupts, const RecursiveMutex* owned) {
  if (timeout == 0) return LockStatus::kFailure;
  AttachedThreadState attached;
  if (!CanSuspend()) return Refused(interrupts, mutex, owned);
  Fiber* fiber = Fiber::Current();
  const bool forever = timeout < 0;
  const Nanoseconds deadline = DeadlineAfter(timeout);
  MutexWaiter waiter;
  if (IsPreempted(fiber->kind())) waiter.fair_from = Now() + kUnfairFor;
  ParkResult result;
  for (;;) {
    if (owned && forever && RaiseIfDeadlock(fiber, owned)) {
      if (interrupts == Interrupts::kReturn) return LockStatus::kInterrupted;
      // This one cannot raise: the fiber that it is to wait for does, and so gives the mutex back.
      FindOwner(owned->owner)->Cancel(PyErr_GetRaisedException());
    }
    mutex->bits |= Mutex::kHasParked;
    fiber->waits_on = forever ? owned : nullptr;
    result = Park(fiber, mutex, &waiter, deadline, interrupts, "a lock");
    fiber->waits_on = nullptr;
    if (result == ParkResult::kUnparked) {
      if (waiter.handed_off || mutex->TryLock()) break;
      continue;
    }
    if (result != ParkResult::kInterrupted || fiber->has_exception()) break;
    // A signal: the wait goes on if its handler does not raise (PEP 475).
    if (PyErr_CheckSignals() != 0) return LockStatus::kInterrupted;
    if (mutex->TryLock()) return LockStatus::kAcquired;
  }
  switch (result) {
    case ParkResult::kUnparked:
      if (interrupts == Interrupts::kKeep || !fiber->has_exception()) return LockStatus::kAcquired;
      // Cancelled when the mutex was its own already: the next one gets it.
      PyMutex_Unlock(mutex);
      return Raise(fiber);
    case ParkResult::kTimedOut:
      return LockStatus::kFailure;
    case ParkResult::kInterrupted:
      return Raise(fiber);
    case ParkResult::kRefused:
      break;
  }
  return Refused(interrupts, mutex, owned);
}

}  // namespace blockon

using namespace blockon;

extern "C" {

// In place of _PyMutex_LockTimed: `flags` has 2 for a caller that can raise.
__attribute__((visibility("default"))) int blockon_mutex_lock_timed(Mutex* mutex, int64_t timeout, int flags) {
  return static_cast<int>(LockPlain(mutex, timeout, flags & 2 ? Interrupts::kReturn : Interrupts::kKeep));
}

// In place of PyThread_acquire_lock_timed. Its callers can wait for ever, but not raise.
__attribute__((visibility("default"))) int blockon_thread_lock_acquire_timed(Mutex* lock, int64_t microseconds, int) {
  const Nanoseconds timeout = microseconds > kNever / 1000 ? kNever : microseconds * 1000;
  return static_cast<int>(LockPlain(lock, timeout, Interrupts::kKeep));
}

// In place of PyThread_release_lock, which says nothing when the lock is not locked.
__attribute__((visibility("default"))) void blockon_thread_lock_release(Mutex* lock) {
  PassSwitchPoint();
  if (lock->bits == Mutex::kLocked) {
    lock->bits = 0;
  } else if (lock->bits != 0) {
    PyMutex_Unlock(lock);
  }
}

}  // extern "C"
