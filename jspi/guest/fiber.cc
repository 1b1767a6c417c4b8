#include "fiber.h"

#include "engine_api.h"
#include "event_loop.h"
#include "instance.h"
#include "interruption.h"
#include "jspi/util/fiber_table.h"
#include "run_sync.h"
#include "time_slices.h"

namespace blockon {
namespace {

// A loop over settled promises lets the event loop turn once in so many of them: about 0.1 ms of them.
constexpr uint32_t kPeeksPerTurn = 1000;

[[noreturn]] void Fatal(const char* message) { _Py_FatalErrorFunc("blockon", message); }

constinit FiberTable<PyMem_RawRealloc> table;

// What the engine of this instance said.
int limit = 0;
bool traced = false;

// Before the first fiber of this instance is made.
void MeetEngine() {
  if (!blockon_is_new_instance(BLOCKON_INSTANCE_ENGINE)) return;
  blockon_fiber_counts(&table.counts());
  limit = blockon_fiber_limit();
  traced = blockon_traces_fibers() != 0;
  preempts_tasks = blockon_preempts_tasks() != 0;
}

const char* CannotStart(FiberKind kind) {
  switch (kind) {
    case FiberKind::kThread:
      return "can't start new thread";
    case FiberKind::kGreenlet:
      return "cannot start another greenlet";
    default:
      return "cannot start another task";
  }
}

// Live fibers by their calls, in chains. Calls are numbered in order, so that they spread; 16 KiB.
constexpr uint32_t kCallBuckets = 4096;
Fiber* by_call[kCallBuckets];

}  // namespace

Fiber* Fiber::current_ = nullptr;
Fiber* Fiber::youngest_ = nullptr;
uint32_t Fiber::calls_ = 0;
uint32_t Fiber::switches_ = 0;
Fiber* Fiber::successor_ = nullptr;

Fiber* Fiber::New(FiberKind kind) {
  StackRegion* region = AcquireStackRegion();
  void* memory = region ? PyMem_RawMalloc(sizeof(Fiber)) : nullptr;
  if (!memory) {
    if (region) ReleaseStackRegion(region);
    PyErr_NoMemory();
    return nullptr;
  }
  auto* fiber = static_cast<Fiber*>(memory);
  MeetEngine();
  const int allowed = kind == FiberKind::kEventLoop ? INT32_MAX : limit;
  const int id = table.New(fiber, allowed);
  if (id == 0) {
    ReleaseStackRegion(region);
    PyMem_RawFree(memory);
    if (table.counts().live < allowed) {
      PyErr_NoMemory();
    } else {
      PyErr_Format(PyExc_RuntimeError,
                   "%s: the limit of %d live fibers is reached; wait for some of them to end, or "
                   "raise it (max_fibers in [blockon] of wrangler.toml, the option maxFibers of loadPyodide)",
                   CannotStart(kind), allowed);
    }
    return nullptr;
  }
  *fiber = Fiber();
  fiber->id_ = id;
  fiber->kind_ = kind;
  fiber->region_ = region;
  fiber->older_ = youngest_;
  if (youngest_) youngest_->younger_ = fiber;
  youngest_ = fiber;
  fiber->BeginCall();
  return fiber;
}

void Fiber::Delete(Fiber* fiber) {
  if (Find(fiber->id_) == fiber) fiber->Transition(FiberState::kDone);
  (fiber->younger_ ? fiber->younger_->older_ : youngest_) = fiber->older_;
  if (fiber->older_) fiber->older_->younger_ = fiber->younger_;
  fiber->ForgetCall();
  RemoveTimer(&fiber->timer);
  if (fiber->exception_) Py_DecRef(fiber->exception_);
  if (fiber->repr_guards) Py_DecRef(fiber->repr_guards);
  ReleaseStackRegion(fiber->region_);
  PyMem_RawFree(fiber);
}

Fiber* Fiber::Find(int id) { return table.Find(id); }

const FiberCounts& Fiber::counts() { return table.counts(); }

int Fiber::Limit() {
  MeetEngine();
  return limit;
}

FiberState Fiber::state() const { return table.StateOf(id_); }

Fiber** Fiber::CallBucket(uint32_t call) { return &by_call[call % kCallBuckets]; }

Fiber* Fiber::FindCall(uint32_t call) {
  Fiber* fiber = *CallBucket(call);
  while (fiber && fiber->call_ != call) fiber = fiber->next_by_call_;
  return fiber;
}

void Fiber::ForgetCall() {
  Fiber** link = CallBucket(call_);
  while (*link != this) link = &(*link)->next_by_call_;
  *link = next_by_call_;
}

void Fiber::BeginCall() {
  if (call_ != 0) ForgetCall();
  if (++calls_ == 0) calls_++;  // 0 is no call
  call_ = calls_;
  Fiber** bucket = CallBucket(call_);
  next_by_call_ = *bucket;
  *bucket = this;
}

bool Fiber::WakeUp(Wake reason) {
  if (switched_out_ || state() != FiberState::kSuspended || wake_ != Wake::kNone) return false;
  wake_ = reason;
  blockon_wake(id_);
  return true;
}

bool Fiber::Cancel(PyObject* exception) {
  if (top_) return top_->Cancel(exception);  // the call stands there
  if (exception_) {
    Py_DecRef(exception);
    return false;
  }
  exception_ = exception;
  if (!WakeUp(Wake::kCancelled) && this == current_) FlagRunning(this);
  return true;
}

PyObject* Fiber::TakeException() {
  interrupted = false;
  PyObject* exception = exception_;
  exception_ = nullptr;
  return exception;
}

void Fiber::Transition(FiberState to) {
  const FiberState from = state();
  const bool allowed = table.Transition(id_, to);
  if (traced) blockon_trace_transition(id_, static_cast<int>(from), static_cast<int>(to), allowed);
  if (!allowed) Fatal("invariant 6: illegal transition of a fiber");
}

void Fiber::CheckStack(uint32_t sp, const char* when) const {
  if (current_ != this) Fatal("invariant 1: a fiber that is not the current one leaves its stack");
  if (!region_->Contains(sp)) Fatal("invariant 2: the stack pointer is outside of the fiber's region");
  if (!region_->CanaryIntact()) Fatal(when);
}

uint32_t Fiber::Enter(uint32_t main_sp) {
  if (current_) Fatal("invariant 1: a fiber is entered while another one runs");
  if (!Succeed(false)) peeks_left_ = kPeeksPerTurn;
  Transition(FiberState::kRunning);
  current_ = this;
  main_sp_ = main_sp;
  blockon_suspendable = true;
  if (IsPreempted(kind_)) BeginSlice(this);
  return region_->top();
}

bool Fiber::EnterPython() {
  if (!tstate_.Enter(region_->data_stack())) return false;
  if (region_->Protect(tstate_.own())) return true;
  PyObject* exception = PyErr_GetRaisedException();
  tstate_.Exit();
  PyErr_SetRaisedException(exception);
  return false;
}

bool Fiber::MakeThreadState() {
  thread_ = current_->thread();
  if (!tstate_.Make(region_->data_stack())) return false;
  if (region_->Protect(tstate_.own())) return true;
  tstate_.Discard();
  return false;
}

bool Fiber::TakeThreadState(PyThreadState* tstate) {
  tstate_.Take(tstate);
  return region_->Protect(tstate);
}

uint32_t Fiber::Leave(uint32_t fiber_sp) {
  CheckStack(fiber_sp, "invariant 4: a fiber's C stack overflowed before it ended");
  Transition(FiberState::kDone);
  if (IsPreempted(kind_)) EndSlice();
  LeaveMainThread(this);
  current_ = nullptr;
  blockon_suspendable = false;
  return main_sp_;
}

uint32_t Fiber::Suspend(uint32_t fiber_sp) {
  CheckStack(fiber_sp, "invariant 4: a fiber's C stack overflowed before it suspended");
  // A switch between greenlets is no wait: a turn goes on behind it. Nor is giving way.
  if (!switched_out_ && !is_preempted) {
    LeaveTurn(base());
    LeaveMainThread(base());
  }
  if (!switched_out_ && began_ == 0) began_ = Now();  // the clock costs too much for those that never wait
  if (!tstate_.Detach()) Fatal("invariant 5: a fiber suspends without a thread state");
  native_.Save();
  PoisonBelowStack(*region_);
  fiber_sp_ = fiber_sp;
  Transition(FiberState::kSuspended);
  wake_ = Wake::kNone;
  wait_number_ = ++switches_;
  if (IsPreempted(kind_)) EndSlice();
  current_ = nullptr;
  blockon_suspendable = false;
  return main_sp_;
}

uint32_t Fiber::Resume(uint32_t main_sp, bool thrown) {
  if (current_) Fatal("invariant 1: a fiber resumes while another one runs");
  const bool handed_over = Succeed(thrown);
  Transition(FiberState::kResuming);
  switches_++;
  current_ = this;
  main_sp_ = main_sp;
  thrown_ = thrown;
  tstate_.Attach();
  native_.Restore();
  if (!handed_over) peeks_left_ = kPeeksPerTurn;
  switched_out_ = false;
  blockon_suspendable = true;
  Transition(FiberState::kRunning);
  if (IsPreempted(kind_)) BeginSlice(this);
  return fiber_sp_;
}

void Fiber::GiveStackTo(Fiber* next) {
  Fiber* const bottom = base();
  if (this != bottom) base_ = nullptr;
  if (next != bottom) next->base_ = bottom;
  bottom->top_ = next == bottom ? nullptr : next;
}

void Fiber::HandOver(Fiber* next) {
  if (successor_) Fatal("invariant 7: a fiber hands over while another one does");
  successor_ = next;
  switched_out_ = true;
  // The event loop has had no turn.
  next->peeks_left_ = peeks_left_;
}

bool Fiber::Succeed(bool refused) {
  Fiber* const expected = successor_;
  if (!expected) return false;
  // V8 refused to suspend the one that was to hand over: it goes on itself.
  if (expected != this && !(refused && switched_out_))
    Fatal("invariant 7: another fiber goes on than the one handed over to");
  successor_ = nullptr;
  return expected == this;
}

// By a microtask that was due already when the running fiber handed over to another, `this` may be resumed first. Then it queues
// again behind that one's microtask. A switched-out fiber that nobody hands over to any more, after a refusal, waits on.
Fiber::Verdict Fiber::MayResume(bool thrown) const {
  if (thrown && switched_out_) return kGoOn;
  if (successor_ && successor_ != this) return kLetOthersRun;
  return switched_out_ && successor_ != this ? kWaitAgain : kGoOn;
}

bool Fiber::TakePeek() {
  if (peeks_left_ == 0) return false;
  peeks_left_--;
  return true;
}

}  // namespace blockon

// The edge to stack_switch.s.
extern "C" {

uint32_t blockon_fiber_enter(blockon::Fiber* fiber, uint32_t main_sp) { return fiber->Enter(main_sp); }
uint32_t blockon_fiber_leave(blockon::Fiber* fiber, uint32_t fiber_sp) { return fiber->Leave(fiber_sp); }
uint32_t blockon_fiber_before_suspend(blockon::Fiber* fiber, uint32_t fiber_sp) { return fiber->Suspend(fiber_sp); }
uint32_t blockon_fiber_after_resume(blockon::Fiber* fiber, uint32_t main_sp, int thrown) {
  return fiber->Resume(main_sp, thrown != 0);
}
int blockon_fiber_may_resume(blockon::Fiber* fiber, int thrown) { return fiber->MayResume(thrown != 0); }
int blockon_fiber_id(blockon::Fiber* fiber) { return fiber->id(); }

// Whether a call may have a fiber: the glue's question (patches/314.0.7/0020-callbacks.toml).
__attribute__((visibility("default"))) int blockon_has_room() {
  return blockon::Fiber::counts().live < blockon::Fiber::Limit();
}

}  // extern "C"
