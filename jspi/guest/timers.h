// What is to happen at a time: one heap for all that sleeps in this interpreter, and one timer of the host for its head.
//
// A timer is a member of what it belongs to; nothing is allocated for one, but the heap's array. It fires on the event loop's
// stack, with no Python code on it, and may not run any: it wakes a fiber or makes a callback ready.
//
// Owner: whoever has the Timer, who must take it out before it goes away.
#ifndef BLOCKON_JSPI_GUEST_TIMERS_H_
#define BLOCKON_JSPI_GUEST_TIMERS_H_

#include <stdint.h>

namespace blockon {

// Nanoseconds of the monotonic clock, which time.monotonic() shows as seconds.
using Nanoseconds = int64_t;
constexpr Nanoseconds kNever = INT64_MAX;

Nanoseconds Now();
// The time that is `timeout` from now; never, for a negative one and beyond what the clock can say.
Nanoseconds DeadlineAfter(Nanoseconds timeout);

struct Timer {
  Nanoseconds when = kNever;
  void (*fire)(Timer* timer) = nullptr;
  void* owner = nullptr;
  int index = -1;  // in the heap; -1 when it is not there

  bool pending() const { return index >= 0; }
};

// False, with MemoryError set, when the heap cannot grow.
bool AddTimer(Timer* timer, Nanoseconds when);
// Nothing happens when it is not pending.
void RemoveTimer(Timer* timer);
// Fires what is due. The host's timer does it; code that keeps the host from its timers has to ask.
void FireDueTimers();
int PendingTimers();

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_TIMERS_H_
