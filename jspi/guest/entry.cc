// The ways into a fiber, in place of Pyodide's own _pyproxy_apply_promising and run_main_promising.
//
// Called from the event loop, on the main C stack, with the event loop's thread state, unless said otherwise.
#include "engine_api.h"
#include "fiber.h"
#include "greenlet_switch.h"
#include "pyodide_api.h"
#include "python_api.h"
#include "threads.h"
#include "time_slices.h"
#include "wait.h"
#include "work.h"

using blockon::Fiber;
using blockon::kTurn;
using blockon::NoPromise;

namespace blockon {
namespace {

// A call that JavaScript asked for, a thread or a greenlet. What is of JavaScript, the glue keeps under the same number.
struct Call {
  PyObject* callable;  // null for the other two
  uint32_t positional;
  uint32_t keywords;
  int next_free;
  Fiber* fiber;  // made before it begins, for the other two; else null
};

// By number; those of the past are linked through `next_free`. Number 0 is no call.
Call* calls = nullptr;
int call_count = 0;
int first_free_call = 0;

bool GrowCalls() {
  const int larger = call_count ? 2 * call_count : 64;
  auto* grown = static_cast<Call*>(PyMem_RawRealloc(calls, larger * sizeof(Call)));
  if (!grown) return false;
  calls = grown;
  for (int number = larger - 1; number > 0 && number >= call_count; number--) {
    calls[number].next_free = first_free_call;
    first_free_call = number;
  }
  call_count = larger;
  return true;
}

// 0 when there is no memory.
int NewCall(const Call& call) {
  if (first_free_call == 0 && !GrowCalls()) return 0;
  const int number = first_free_call;
  first_free_call = calls[number].next_free;
  calls[number] = call;
  return number;
}

int FinishCall(int number, JsVal result, PyObject* exception) {
  PyRef callable(calls[number].callable);
  calls[number].fiber = nullptr;
  calls[number].next_free = first_free_call;
  first_free_call = number;
  return blockon_work_done(number, result, exception);
}

}  // namespace

bool ScheduleThread(Fiber* fiber) {
  const int number = NewCall({.callable = nullptr, .positional = 0, .keywords = 0, .next_free = 0, .fiber = fiber});
  if (number == 0) return false;
  blockon_schedule_thread(number);
  return true;
}

bool ScheduleGreenlet(Fiber* fiber) {
  const int number = NewCall({.callable = nullptr, .positional = 0, .keywords = 0, .next_free = 0, .fiber = fiber});
  if (number == 0) return false;
  blockon_schedule_greenlet(number);
  return true;
}

}  // namespace blockon

extern "C" {

int blockon_switch_and_run_main(Fiber* fiber);

// A number for a call that is to come, which holds a reference to `callable`; 0 when there is no memory.
__attribute__((visibility("default"))) int blockon_call_new(PyObject* callable, uint32_t positional,
                                                            uint32_t keywords) {
  const int number = blockon::NewCall(
      {.callable = callable, .positional = positional, .keywords = keywords, .next_free = 0, .fiber = nullptr});
  if (number != 0) Py_IncRef(callable);
  return number;
}

// 0 while another fiber is handed over to: the work is to begin behind it.
int blockon_may_begin(int work) {
  const Fiber* successor = Fiber::successor();
  return !successor || (work != kTurn && blockon::calls[work].fiber == successor);
}

// A fiber for the work. Null when there is none to be had, with an exception set for a call: then comes blockon_refuse_work.
Fiber* blockon_begin_work(int work) {
  if (Fiber::Current()) return nullptr;
  if (work == kTurn) return blockon::BeginTurn();
  Fiber* made = blockon::calls[work].fiber;
  return made ? made : Fiber::New(blockon::FiberKind::kTask);
}

// The work that the carrier can go on with at once; < 0 for none.
int blockon_refuse_work(int work) {
  if (Fiber::Current()) {
    blockon_work_lost();
    return -1;
  }
  if (work == kTurn) return blockon_work_done(kTurn, NoPromise(), nullptr);
  return blockon::FinishCall(work, NoPromise(), PyErr_GetRaisedException());
}

// On the fiber's stack.
JsVal blockon_work_on_fiber(Fiber* fiber, int work) {
  JsVal args = blockon_work_args(work);
  if (fiber->kind() == blockon::FiberKind::kThread) {
    blockon::RunThread(fiber);
    return NoPromise();
  }
  if (fiber->kind() == blockon::FiberKind::kGreenlet) {
    blockon::RunGreenlet(fiber);
    return NoPromise();
  }
  if (!fiber->EnterPython()) {
    if (work == kTurn) {
      blockon::RetryTurn();
    } else {
      fiber->ended_by = PyErr_GetRaisedException();
    }
    return NoPromise();
  }
  blockon::GoOn(fiber);
  JsVal result = args;
  if (work == kTurn) {
    fiber->ended_by = blockon::RunTurnOnFiber(fiber);
  } else {
    const blockon::Call call = blockon::calls[work];
    result = _pyproxy_apply(call.callable, args, call.positional, blockon_work_keyword_names(work), call.keywords);
    // The exception leaves with the result, before the thread state that holds it is gone.
    fiber->ended_by = PyErr_GetRaisedException();
  }
  fiber->ExitPython();
  return result;
}

// As blockon_refuse_work.
int blockon_end_work(Fiber* fiber, int work, JsVal result) {
  PyObject* exception = fiber->ended_by;
  Fiber::Delete(fiber);
  return work == kTurn ? blockon_work_done(kTurn, result, exception) : blockon::FinishCall(work, result, exception);
}

int blockon_main_on_fiber(Fiber* fiber) {
  if (!fiber->EnterPython()) {
    PyErr_Print();
    return 1;
  }
  const int exit_code = run_main();
  fiber->ExitPython();
  return exit_code;
}

// Same signature as the function that it replaces; the suspender is a leftover of the older JSPI and null.
__attribute__((visibility("default"))) int blockon_run_main_promising(JsVal) {
  Fiber* fiber = Fiber::New(blockon::FiberKind::kTask);
  if (!fiber) {
    PyErr_Print();
    return 1;
  }
  const int exit_code = blockon_switch_and_run_main(fiber);
  Fiber::Delete(fiber);
  return exit_code;
}

}  // extern "C"
