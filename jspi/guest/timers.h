// What is to happen at a time: one heap for all that sleeps in this interpreter, and one timer of the host for its head.
//
// A timer fires on the event loop's stack, with no Python code on it, and may not run any: it wakes a fiber or makes a
// callback ready. Who owns one, and what is allocated: jspi/util/timer_heap.h.
#ifndef BLOCKON_JSPI_GUEST_TIMERS_H_
#define BLOCKON_JSPI_GUEST_TIMERS_H_

#include "jspi/util/timer_heap.h"

namespace blockon {

// The time of the clock that time.monotonic() shows as seconds.
Nanoseconds Now();
// The time that is `timeout` from now; never, for a negative one and beyond what the clock can say.
Nanoseconds DeadlineAfter(Nanoseconds timeout);

// False, with MemoryError set, when the heap cannot grow.
bool AddTimer(Timer* timer, Nanoseconds when);
// Nothing happens when it is not pending.
void RemoveTimer(Timer* timer);
// Fires what is due. The host's timer does it; code that keeps the host from its timers has to ask.
void FireDueTimers();
int PendingTimers();

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_TIMERS_H_
