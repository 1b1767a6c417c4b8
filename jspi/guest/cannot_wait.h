// The errors of a wait that cannot be: where nothing can be suspended, and where fibers would wait for each other for ever.
//
// A deadlock is certain only among locks with an owner: fiber a waits without a deadline for a lock that b owns, b for one that c
// owns, and so on back to a. None of them runs, and nobody else may release what they hold. A plain lock may be released by
// any task, a callback of the event loop or an answer from the network, none of which can be ruled out: waiting for one is
// taken for a deadlock only where all has come to a standstill (standstill.h).
//
// What can still end one is a cancellation from outside, which is not waited for.
//
// Called on any stack, with a thread state attached.
#ifndef BLOCKON_JSPI_GUEST_CANNOT_WAIT_H_
#define BLOCKON_JSPI_GUEST_CANNOT_WAIT_H_

#include "recursive_mutex.h"

namespace blockon {

// RuntimeError: waiting is impossible here. `owned`: the lock, if it has an owner; `lock`: else the lock. Both null for what
// is no lock.
void RaiseCannotWait(const RecursiveMutex* owned, const void* lock);

// The same for what another call has: `what` is "the connection is in use".
void RaiseCannotWaitFor(Owner owner, const char* what);

// Whether `fiber` would wait for ever if it waited for `wanted`; the RuntimeError names who waits for whom, and where.
bool RaiseIfDeadlock(Fiber* fiber, const RecursiveMutex* wanted);

// Where code of CPython that cannot fail would have to wait and cannot: what it protects must not be entered.
[[noreturn]] void EndForDeadlock();

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_CANNOT_WAIT_H_
