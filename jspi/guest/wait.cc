#include "wait.h"

extern "C" JsVal blockon_switch_and_suspend(blockon::Fiber* fiber, JsVal promise);  // stack_switch.s

namespace blockon {
namespace {

void OnDeadline(Timer* timer) { static_cast<Fiber*>(timer->owner)->WakeUp(Wake::kTimedOut); }

}  // namespace

bool RaiseCancelled(Fiber* fiber) {
  PyObject* exception = fiber->TakeException();
  if (!exception) return false;
  PyErr_SetRaisedException(exception);
  fiber->EndWait(Wake::kCancelled);
  return true;
}

JsVal Wait(Fiber* fiber, JsVal promise, const char* waits_for, Nanoseconds deadline) {
  fiber->waits_for = waits_for;
  if (RaiseCancelled(fiber)) return NoPromise();
  if (deadline != kNever) {
    fiber->timer.fire = OnDeadline;
    fiber->timer.owner = fiber;
    if (!AddTimer(&fiber->timer, deadline)) {
      fiber->EndWait(Wake::kCancelled);
      return NoPromise();
    }
  }
  JsVal result = blockon_switch_and_suspend(fiber, promise);
  RemoveTimer(&fiber->timer);
  RaiseCancelled(fiber);
  return result;
}

}  // namespace blockon
