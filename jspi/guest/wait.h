// Waiting: how a fiber is suspended, whatever it waits for, and the ways in which that ends.
//
// Every wait of the guest goes through Wait(), so that each can be cancelled, has a deadline and is seen by `blockon ps`.
// A wake may be spurious: who waits for a condition asks for it again.
//
// Called on a fiber, with its thread state attached.
#ifndef BLOCKON_JSPI_GUEST_WAIT_H_
#define BLOCKON_JSPI_GUEST_WAIT_H_

#include "fiber.h"
#include "python_api.h"
#include "timers.h"

namespace blockon {

// A null reference: no promise, only a wake ends the wait.
inline JsVal NoPromise() { return __builtin_wasm_ref_null_extern(); }

// Suspends `fiber`, the current one, until `promise` settles or it is woken.
// Returns what the promise gave, where fiber->woken_by() is kNone: its value, or its reason if fiber->thrown().
// kCancelled: an exception is set (what Cancel() gave, MemoryError, or the collector's TimeoutError), and the promise is
// abandoned.
// `waits_for`: a static string.
JsVal Wait(Fiber* fiber, JsVal promise, const char* waits_for, Nanoseconds deadline = kNever);

// The same without a promise and for code that cannot raise: what Cancel() leaves is kept for the next Wait(). A cancellation ends it
// all the same, once: who waits for a condition asks for it again.
void WaitUninterrupted(Fiber* fiber, const char* waits_for, Nanoseconds deadline = kNever);

// Raises what Cancel() left for this fiber; false when there is nothing.
bool RaiseCancelled(Fiber* fiber);

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_WAIT_H_
