// Work: what is to run on a fiber of its own, as the glue's blockonWork hands it to the guest by number: a call of a Python function
// by JavaScript, a turn of the event loop, a thread, or a greenlet.
//
//   callPromising() -> blockon_call_new() -> number --.
//   ScheduleThread() ---------------------> number ---+
//   ScheduleGreenlet() -------------------> number ---+
//   schedule_turn() ----------------------> kTurn ----+--> a carrier: blockon_work(), in stack_switch.s
//                                                          begin -> Enter() -> on the fiber -> Leave() -> end -> next_work()
//
// A carrier is one promising call that runs one piece of work after another, each on a fresh fiber. Between two it
// suspends, if there is none, with nothing in linear memory, so it outlives no fiber and a memory snapshot knows
// nothing of it. That spares a call V8's suspender, which costs more than all else.
#ifndef BLOCKON_JSPI_GUEST_WORK_H_
#define BLOCKON_JSPI_GUEST_WORK_H_

#include "fiber.h"
#include "python_api.h"

namespace blockon {

// The work that is a turn of the event loop. All else has numbers above it.
constexpr int kTurn = 0;

// On the event loop's stack: a fiber for the next turn, or null when there is no memory; the turn is tried again later then.
Fiber* BeginTurn();
// For a turn that finds no memory, whose exception is set: it comes again when some may be free.
void RetryTurn();
// On that fiber. The exception that ended the turn, a reference of the caller's, or null.
PyObject* RunTurnOnFiber(Fiber* fiber);

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_WORK_H_
