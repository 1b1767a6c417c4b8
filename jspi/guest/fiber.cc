#include "fiber.h"

#include "engine_api.h"
#include "event_loop.h"
#include "interruption.h"
#include "run_sync.h"

namespace blockon {
namespace {

// A loop over settled promises lets the event loop turn once in so many of them: about 0.1 ms of them.
constexpr int kPeeksPerTurn = 1000;

[[noreturn]] void Fatal(const char* message) { _Py_FatalErrorFunc("blockon", message); }

// Live fibers by their ids, which the engine keeps small.
class FibersById {
 public:
  // Makes room for an id; false when memory is exhausted.
  bool Hold(int id) {
    if (id < size_) return true;
    const int larger = id < 64 ? 128 : 2 * id;
    auto** grown = static_cast<Fiber**>(PyMem_RawRealloc(fibers_, larger * sizeof(Fiber*)));
    if (!grown) return false;
    memset(grown + size_, 0, (larger - size_) * sizeof(Fiber*));
    fibers_ = grown;
    size_ = larger;
    return true;
  }
  void Set(int id, Fiber* fiber) { fibers_[id] = fiber; }
  Fiber* Get(int id) const { return id > 0 && id < size_ ? fibers_[id] : nullptr; }

 private:
  Fiber** fibers_ = nullptr;
  int size_ = 0;
};

constinit FibersById by_id;

// Live fibers by their calls, in chains. Calls are numbered in order, so that they spread; 16 KiB.
constexpr uint32_t kCallBuckets = 4096;
Fiber* by_call[kCallBuckets];

}  // namespace

Fiber* Fiber::current_ = nullptr;
Fiber* Fiber::youngest_ = nullptr;
int Fiber::live_ = 0;
int Fiber::created_ = 0;
uint32_t Fiber::calls_ = 0;
uint32_t Fiber::switches_ = 0;

Fiber* Fiber::New(FiberKind kind) {
  StackRegion* region = AcquireStackRegion();
  void* memory = region ? PyMem_RawMalloc(sizeof(Fiber)) : nullptr;
  if (!memory) {
    if (region) ReleaseStackRegion(region);
    PyErr_NoMemory();
    return nullptr;
  }
  const int id = blockon_fiber_new(kind == FiberKind::kEventLoop);
  if (id == 0 || !by_id.Hold(id)) {
    ReleaseStackRegion(region);
    PyMem_RawFree(memory);
    if (id != 0) {
      blockon_fiber_transition(id, static_cast<int>(FiberState::kDone));
      PyErr_NoMemory();
    } else {
      PyErr_Format(
          PyExc_RuntimeError,
          "cannot start another task: the limit of %d live fibers is reached; wait for some of them to end, or "
          "raise it (max_fibers in [blockon] of wrangler.toml, the option maxFibers of loadPyodide)",
          blockon_fiber_limit());
    }
    return nullptr;
  }
  auto* fiber = static_cast<Fiber*>(memory);
  *fiber = Fiber();
  fiber->id_ = id;
  fiber->kind_ = kind;
  fiber->region_ = region;
  fiber->older_ = youngest_;
  if (youngest_) youngest_->younger_ = fiber;
  youngest_ = fiber;
  by_id.Set(id, fiber);
  live_++;
  created_++;
  fiber->BeginCall();
  return fiber;
}

void Fiber::Delete(Fiber* fiber) {
  if (fiber->state_ != FiberState::kDone) fiber->Transition(FiberState::kDone);
  (fiber->younger_ ? fiber->younger_->older_ : youngest_) = fiber->older_;
  if (fiber->older_) fiber->older_->younger_ = fiber->younger_;
  by_id.Set(fiber->id_, nullptr);
  fiber->ForgetCall();
  RemoveTimer(&fiber->timer);
  if (fiber->exception_) Py_DecRef(fiber->exception_);
  if (fiber->repr_guards) Py_DecRef(fiber->repr_guards);
  ReleaseStackRegion(fiber->region_);
  live_--;
  PyMem_RawFree(fiber);
}

Fiber* Fiber::Find(int id) { return by_id.Get(id); }

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
  if (state_ != FiberState::kSuspended || wake_ != Wake::kNone) return false;
  wake_ = reason;
  blockon_wake(id_);
  return true;
}

bool Fiber::Cancel(PyObject* exception) {
  if (exception_) {
    Py_DecRef(exception);
    return false;
  }
  exception_ = exception;
  if (!WakeUp(Wake::kCancelled) && this == current_) FlagRunning(this);
  return true;
}

PyObject* Fiber::TakeException() {
  PyObject* exception = exception_;
  exception_ = nullptr;
  return exception;
}

void Fiber::TransitionHere(FiberState to) {
  if (!IsLegalTransition(state_, to)) Fatal("invariant 6: illegal transition of a fiber");
  state_ = to;
}

void Fiber::Transition(FiberState to) {
  TransitionHere(to);
  if (!blockon_fiber_transition(id_, static_cast<int>(to))) {
    Fatal("invariant 6: the engine refuses a fiber's transition");
  }
}

void Fiber::CheckStack(uint32_t sp, const char* when) const {
  if (current_ != this) Fatal("invariant 1: a fiber that is not the current one leaves its stack");
  if (!region_->Contains(sp)) Fatal("invariant 2: the stack pointer is outside of the fiber's region");
  if (!region_->CanaryIntact()) Fatal(when);
}

uint32_t Fiber::Enter(uint32_t main_sp) {
  if (current_) Fatal("invariant 1: a fiber is entered while another one runs");
  Transition(FiberState::kRunning);
  current_ = this;
  main_sp_ = main_sp;
  peeks_left_ = kPeeksPerTurn;
  blockon_suspendable = true;
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

uint32_t Fiber::Leave(uint32_t fiber_sp) {
  CheckStack(fiber_sp, "invariant 4: a fiber's C stack overflowed before it ended");
  Transition(FiberState::kDone);
  current_ = nullptr;
  blockon_suspendable = false;
  return main_sp_;
}

uint32_t Fiber::Suspend(uint32_t fiber_sp) {
  CheckStack(fiber_sp, "invariant 4: a fiber's C stack overflowed before it suspended");
  LeaveTurn(this);
  if (began_ == 0) began_ = Now();  // the clock costs too much for those that never wait
  tstate_.Detach();
  native_.Save();
  PoisonBelowStack(*region_);
  fiber_sp_ = fiber_sp;
  Transition(FiberState::kSuspended);
  wake_ = Wake::kNone;
  wait_number_ = ++switches_;
  current_ = nullptr;
  blockon_suspendable = false;
  return main_sp_;
}

uint32_t Fiber::Resume(uint32_t main_sp, bool thrown) {
  if (current_) Fatal("invariant 1: a fiber resumes while another one runs");
  TransitionHere(FiberState::kResuming);
  switches_++;
  if (!blockon_fiber_resume(id_)) Fatal("invariant 6: the engine refuses a fiber's resume");
  current_ = this;
  main_sp_ = main_sp;
  thrown_ = thrown;
  tstate_.Attach();
  native_.Restore();
  peeks_left_ = kPeeksPerTurn;
  blockon_suspendable = true;
  TransitionHere(FiberState::kRunning);
  return fiber_sp_;
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
int blockon_fiber_id(blockon::Fiber* fiber) { return fiber->id(); }

}  // extern "C"
