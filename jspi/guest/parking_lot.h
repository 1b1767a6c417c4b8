// The parking lot: where a fiber waits for a word in memory, in place of CPython's, under which a thread would sleep.
//
//   mutex byte  <- locked, and "someone is parked"
//     |
//     address --> bucket: waiter (oldest) <-> waiter <-> waiter ...      each on the C stack of its fiber
//
// CPython's PyMutex, events, once flags, read-write locks and SimpleQueue all wait here; the mutexes and the thread locks
// (mutex.h) as well. Unpark() takes the waiter that has waited longest.
//
// Invariants:
//  1. A waiter is in a bucket only while its fiber is inside of Park(), so the pointer into its stack is good.
//  2. A waiter leaves its bucket once: by Unpark(), or by its fiber for its deadline, an interruption or a refusal. Unpark() passes
//     over a waiter whose fiber was woken by its deadline or to be interrupted and did not run yet: nothing is handed to a
//     fiber that gives up.
//  3. Between a waiter's insertion and the suspension of its fiber no Python code runs.
//
// Called on: Park() on a fiber; the rest on any stack.
#ifndef BLOCKON_JSPI_GUEST_PARKING_LOT_H_
#define BLOCKON_JSPI_GUEST_PARKING_LOT_H_

#include "fiber.h"
#include "python_api.h"
#include "timers.h"

namespace blockon {

enum class ParkResult : unsigned char {
  kUnparked,
  kTimedOut,
  kInterrupted,  // by Cancel(), which gave fiber->has_exception(), or by a signal, whose handler the caller is to run
  kRefused,      // V8 refused to suspend
};

// Whether the caller can raise. For one that cannot, a cancellation or a signal is kept for later.
enum class Interrupts : unsigned char { kReturn, kKeep };

// The current fiber waits at `address`. `argument` is for the function that Unpark() calls.
ParkResult Park(Fiber* fiber, const void* address, void* argument, Nanoseconds deadline, Interrupts interrupts,
                const char* waits_for);

// As CPython's: calls `unparked` with the waiter's argument (null when there is none) and whether more wait, then wakes it.
using UnparkFunction = void (*)(void* argument, void* waiters_argument, int more);
void Unpark(const void* address, UnparkFunction unparked, void* argument);
void UnparkAll(const void* address);

int ParkedFibers();

// CPython calls some waits with no thread state attached; a fiber cannot suspend so. Attaches the one that was, for a scope.
class AttachedThreadState {
 public:
  AttachedThreadState() : detached_(PyThreadState_GetUnchecked() == nullptr) {
    if (detached_) PyEval_RestoreThread(PyGILState_GetThisThreadState());
  }
  AttachedThreadState(const AttachedThreadState&) = delete;
  AttachedThreadState& operator=(const AttachedThreadState&) = delete;
  ~AttachedThreadState() {
    if (detached_) PyEval_SaveThread();
  }

 private:
  const bool detached_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_PARKING_LOT_H_
