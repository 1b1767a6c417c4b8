// How running Python code notices that it is to stop: a cancelled fiber, a deadline that passed, a signal.
//
// A fiber that waits is woken (Fiber::Cancel). One that runs is told through its thread state: the evaluation loop looks at
// eval_breaker at every backward jump and call, and then calls _Py_HandlePending, which is ours. Since nothing of the host runs
// meanwhile, timers are looked at where CPython polls for signals under Emscripten, every so many of those looks.
//
// CPython 3.14 flags a signal on the main thread state alone. A fiber has its own, so the flag is moved to whoever runs. Where
// nothing runs, the host polls the interrupt buffer (patches/314.0.7/0011-interrupts.toml) and the signal goes to the
// youngest fiber that waits: what was entered last is what a person who presses a key looks at.
#ifndef BLOCKON_JSPI_GUEST_INTERRUPTION_H_
#define BLOCKON_JSPI_GUEST_INTERRUPTION_H_

#include "fiber.h"
#include "python_api.h"

namespace blockon {

// Has the evaluation loop of a fiber that runs look for Fiber::has_exception().
void FlagRunning(Fiber* fiber);

// Has a fiber of the main thread handle the signals that are pending when it runs.
void FlagSignal(Fiber* fiber);

// A signal is pending, and a thread runs: the main thread handles it where it waits, or where it goes on.
void TellMainThread();

// Has CPython poll, so that deadlines are seen by code that does not wait.
void PollDeadlines();

// A signal that is a fiber's, by its id: its handler is called where that waits, or soon where it runs. When it has ended, or is a thread,
// the signal goes to whoever has those of the host.
void GiveSignal(int fiber_id, int signal);

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_INTERRUPTION_H_
