#include "interruption.h"

#include "engine_api.h"
#include "jspi/util/slice_words.h"
#include "limits.h"
#include "random_switches.h"
#include "thread_state_layout.h"
#include "time_slices.h"
#include "timers.h"
#include "wait.h"

extern "C" {
extern int Py_EMSCRIPTEN_SIGNAL_HANDLING;
int _Py_CheckEmscriptenSignals_Helper();
int _Py_HandlePending(PyThreadState* tstate);
int PyErr_SetInterruptEx(int signal);
}

namespace blockon {
namespace {

// CPython's bits of eval_breaker (Include/internal/pycore_ceval.h).
constexpr uint32_t kSignalsPending = 1u << 1;
constexpr uint32_t kAsynchronousException = 1u << 3;

void Flag(PyThreadState* tstate, uint32_t bit) { LayoutOf(tstate)->eval_breaker |= bit; }

// Ends the wait of the fiber that was entered last, of those that are the main thread: signals are handled there alone. False
// when none waits.
bool WakeForSignal() {
  for (Fiber* fiber = Fiber::Youngest(); fiber; fiber = fiber->older()) {
    if (!fiber->thread() && fiber->WakeUp(Wake::kSignalled)) return true;
  }
  return false;
}

// For when none waits: the one that was entered last has it when it goes on.
void FlagForSignal() {
  for (Fiber* fiber = Fiber::Youngest(); fiber; fiber = fiber->older()) {
    if (fiber->thread() || fiber->switched_out() || fiber->state() != FiberState::kSuspended) continue;
    FlagSignal(fiber);
    return;
  }
}

}  // namespace

void FlagSignal(Fiber* fiber) { Flag(fiber->tstate().own(), kSignalsPending); }

void TellMainThread() {
  if (!WakeForSignal()) FlagForSignal();
}

// With no asynchronous exception of CPython's there, this bit makes it look and do nothing.
void FlagRunning(Fiber* fiber) { Flag(fiber->tstate().own(), kAsynchronousException); }

void PollDeadlines() { Py_EMSCRIPTEN_SIGNAL_HANDLING = 1; }

void GiveSignal(int fiber_id, int signal) {
  PyErr_SetInterruptEx(signal);
  Fiber* fiber = Fiber::Find(fiber_id);
  if (fiber) fiber = fiber->top();
  // For a thread, for one that has ended, and for a greenlet that was switched away from it is who runs.
  if (!fiber || fiber->thread() || fiber->switched_out()) fiber = Fiber::Current();
  if (!fiber || fiber->thread()) {
    TellMainThread();
  } else if (!fiber->WakeUp(Wake::kSignalled)) {
    FlagSignal(fiber);
  }
}

}  // namespace blockon

using namespace blockon;

extern "C" {

// In place of CPython's function (patches/314.0.7/routes.txt): what the evaluation loop calls when eval_breaker has a bit.
__attribute__((visibility("default"))) int blockon_handle_pending(PyThreadState* tstate) {
  Fiber* fiber = Fiber::Current();
  if (!fiber || fiber->tstate().own() != tstate) return AnswerLimits() ? _Py_HandlePending(tstate) : -1;
  if (fiber->uninterrupted) return 0;  // the bits stay, so it is asked again
  GiveWayIfDue(fiber);
  if (RaiseCancelled(fiber)) return -1;
  const HandlingPending handling(fiber);
  return AnswerLimits() ? _Py_HandlePending(tstate) : -1;
}

// In place of the function by which CPython polls for signals: 0, or the number of one.
__attribute__((visibility("default"))) int blockon_poll_signals() {
  FireDueTimers();
  if (SwitchesAtRandom()) {
    DrawNextPoll();
    NoteSwitch();
  }
  return _Py_CheckEmscriptenSignals_Helper();
}

// In place of CPython's function that trips a signal, which is also what its poll does with those of the slice clock
// and of the watchdog.
__attribute__((visibility("default"))) int blockon_set_interrupt(int signal) {
  if (signal == static_cast<int>(kSliceIsOver)) {
    NoteSliceIsOver();
    return 0;
  }
  if (signal == static_cast<int>(kLimitsAreAsked)) {
    NoteLimitsAreAsked();
    // As for FlagRunning().
    if (PyThreadState* running = PyThreadState_GetUnchecked()) Flag(running, kAsynchronousException);
    return 0;
  }
  const int result = PyErr_SetInterruptEx(signal);
  const Fiber* fiber = Fiber::Current();
  if (fiber && fiber->thread()) {
    TellMainThread();
  } else if (PyThreadState* running = PyThreadState_GetUnchecked()) {
    Flag(running, kSignalsPending);
  }
  return result;
}

// From the host's timer, with nothing running: gives a signal to the fiber that waits and was entered last. 0 when there is none.
__attribute__((visibility("default"))) int blockon_interrupt_waiting(int signal) {
  if (!WakeForSignal()) return 0;
  PyErr_SetInterruptEx(signal);
  return 1;
}

}  // extern "C"
