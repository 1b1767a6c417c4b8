#include "wait.h"

#include "collector.h"
#include "time_slices.h"

extern "C" JsVal blockon_switch_and_suspend(blockon::Fiber* fiber, JsVal promise);  // stack_switch.s

namespace blockon {
namespace {

void OnDeadline(Timer* timer) { static_cast<Fiber*>(timer->owner)->WakeUp(Wake::kTimedOut); }

// False, with MemoryError set, when there is no memory for a timer.
bool SetDeadline(Fiber* fiber, Nanoseconds deadline) {
  if (deadline == kNever) return true;
  fiber->timer.fire = OnDeadline;
  fiber->timer.owner = fiber;
  return AddTimer(&fiber->timer, deadline);
}

}  // namespace

bool RaiseCancelled(Fiber* fiber) {
  PyObject* exception = fiber->TakeException();
  if (!exception) return false;
  PyErr_Clear();  // what a signal's handler raised in the same moment
  PyErr_SetRaisedException(exception);
  fiber->EndWait(Wake::kCancelled);
  return true;
}

namespace {

JsVal WaitInTurn(Fiber* fiber, JsVal promise, const char* waits_for, Nanoseconds deadline) {
  fiber->waits_for = waits_for;
  if (RaiseCancelled(fiber)) return NoPromise();
  CollectorWait collector;
  if (collector.RaiseTimeIsUp()) {
    fiber->EndWait(Wake::kCancelled);
    return NoPromise();
  }
  const Nanoseconds limit = collector.Bound(deadline);
  if (!SetDeadline(fiber, limit)) {
    fiber->EndWait(Wake::kCancelled);
    return NoPromise();
  }
  JsVal result;
  do {
    result = blockon_switch_and_suspend(fiber, promise);
    if (fiber->woken_by() != Wake::kSignalled) break;
    // A handler that raises ends the wait; else it goes on (PEP 475). The deadline may have passed meanwhile, or in the moment of the
    // signal, and found the fiber woken.
    if (PyErr_CheckSignals() != 0) {
      fiber->EndWait(Wake::kCancelled);
    } else if (limit != kNever && !fiber->timer.pending()) {
      fiber->EndWait(Wake::kTimedOut);
    }
  } while (fiber->woken_by() == Wake::kSignalled);
  RemoveTimer(&fiber->timer);
  if (!RaiseCancelled(fiber) && fiber->woken_by() == Wake::kTimedOut && collector.RaiseTimeIsUp()) {
    fiber->EndWait(Wake::kCancelled);
  }
  return result;
}

}  // namespace

JsVal Wait(Fiber* fiber, JsVal promise, const char* waits_for, Nanoseconds deadline) {
  JsVal result = WaitInTurn(fiber, promise, waits_for, deadline);
  GoOn(fiber);
  return result;
}

void WaitUninterrupted(Fiber* fiber, const char* waits_for, Nanoseconds deadline) {
  fiber->waits_for = waits_for;
  if (!SetDeadline(fiber, deadline)) PyErr_Clear();
  blockon_switch_and_suspend(fiber, NoPromise());
  RemoveTimer(&fiber->timer);
  GoOn(fiber);
}

}  // namespace blockon
