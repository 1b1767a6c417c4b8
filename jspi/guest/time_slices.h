// Time slices: a thread that computes gives way, so that the host's event loop turns and others run.
//
//   the loop has not turned for sys.getswitchinterval(), says the slice clock (jspi/util/slice_clock.h)
//     |
//   evaluation loop: finds the signal kSliceIsOver  -->  eval_breaker  -->  _Py_HandlePending, which is ours (interruption.cc)
//     |
//   GiveWayIfDue(): the fiber joins those that were pre-empted, and suspends
//     |
//   the host's loop turns: timers, sockets, what they wake  -->  then the first of those that were pre-empted goes on, and asks for
//                                                                 the next turn
//
// A slice is measured from the host's last turn and not from the fiber's beginning: threads that wake one another without end hold
// up the loop as one that computes does. Whoever runs when it is over gives way, and so do those that run after it in the same turn.
// One fiber goes on in each turn, so that the host waits for one slice however many compute.
//
// Pre-empted are threads, between two instructions of Python code, where CPython would let go of the GIL, but for where the fiber
// cannot be suspended, or where others would meet what is half done and cannot wait for it: in a collection, in what
// _Py_HandlePending calls, in a callback of tracing, with an import's lock held, in Python code of the runtime's own (own_code.h). There
// it is asked again a little later.
//
// The other fibers are if the program asks for it (preempt_tasks). They are the main thread, and so while one of them is pre-empted the
// others stand aside: those that begin or go on wait until it waits itself, or has ended. Threads and the host have its time.
//
// Called on: the fiber's stack, unless said otherwise.
#ifndef BLOCKON_JSPI_GUEST_TIME_SLICES_H_
#define BLOCKON_JSPI_GUEST_TIME_SLICES_H_

#include "fiber.h"
#include "python_api.h"

namespace blockon {

// Whether tasks are pre-empted: known with the first fiber.
extern bool preempts_tasks;

// A greenlet is not: the one that switched to it counts on running alone.
inline bool IsPreempted(FiberKind kind) {
  return kind == FiberKind::kThread || (preempts_tasks && kind != FiberKind::kGreenlet);
}

// A fiber that can be pre-empted begins to run or goes on, and is left.
void BeginSlice(Fiber* fiber);
void EndSlice();
// A task waits or has ended: those that stand aside for it go on.
void LeaveMainThread(const Fiber* fiber);

// On any stack: the clock told so, out of CPython's poll for signals; the fiber that runs is to give way.
void NoteSliceIsOver();
void NoteSwitch();

// In the evaluation loop of `fiber`, the current one, with its thread state attached. Returns when it goes on. What the fiber remembers
// of the wait before is as it was.
void GiveWayIfDue(Fiber* fiber);

// When its wait has ended, and before its first Python code: a task stands aside for one that was pre-empted, and where threads are
// switched at random others may go on first. The same.
void GoOn(Fiber* fiber);

// That wait for a turn of the host's loop.
int PreemptedFibers();

// What CPython calls from the evaluation loop between two instructions, in a scope: the Python code below is not pre-empted.
class HandlingPending {
 public:
  explicit HandlingPending(Fiber* fiber) : fiber_(fiber), before_(fiber->handles_pending) {
    fiber->handles_pending = true;
  }
  HandlingPending(const HandlingPending&) = delete;
  HandlingPending& operator=(const HandlingPending&) = delete;
  ~HandlingPending() { fiber_->handles_pending = before_; }

 private:
  Fiber* const fiber_;
  const bool before_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_TIME_SLICES_H_
