// A fiber: one stack of Python calls that V8 can suspend, with all that belongs to it.
//
//   event loop (JS)                    fiber (promising entry)
//   main C stack, main thread state    own C stack, own thread state
//        |                                   |
//        |--- entry: Enter() --------------->|  Fresh -> Running
//        |                                   |  ... Python ...
//        |<-- Suspend(): V8 keeps the frames |  Running -> Suspended
//        |    others run                     :
//        |--- promise settles: Resume() ---->|  Suspended -> Resuming -> Running
//        |                                   |  ... Python ...
//        |<-- end: Leave() ------------------|  Running -> Done
//
// Invariants, each checked in release builds and held by a test that cites its number:
//  1. At most one fiber is Running or Resuming, and Fiber::Current() is it.
//  2. The C stack pointer lies in the current fiber's region when it suspends and when it ends.
//  3. A region belongs to one fiber until that fiber is done (stack_region.h).
//  4. The region's canary is intact at each suspension and at the end (stack_region.h).
//  5. While the event loop turns, its thread state is attached; a suspended fiber's is not.
//  6. Every transition is legal (jspi/util/fiber_table.h).
//  7. While a fiber is handed over to (SwitchTo), no other is entered or goes on.
// A violation ends the interpreter by a fatal error: going on would corrupt another fiber's memory.
//
// Called from stack_switch.s, which alone moves the stack pointer.
#ifndef BLOCKON_JSPI_GUEST_FIBER_H_
#define BLOCKON_JSPI_GUEST_FIBER_H_

#include <stdint.h>

#include "jspi/util/fiber_counts.h"
#include "jspi/util/fiber_state.h"
#include "native_state.h"
#include "python_api.h"
#include "stack_region.h"
#include "thread_state.h"
#include "timers.h"

namespace blockon {

// What ended a suspension.
enum class Wake : unsigned char {
  kNone,       // the promise that was waited for
  kNotified,   // who was to give notice did
  kTimedOut,   // the deadline
  kSignalled,  // a signal is pending
  kCancelled,  // an exception is to be raised: Fiber::TakeException()
};

// What a fiber is for. The event loop's may pass the limit of live fibers: without it none of the others could end. A thread
// (threads.h) is one of Python's, a greenlet (greenlet.h) a part of the thread that started it; the others are parts of the main
// thread.
enum class FiberKind : unsigned char { kTask, kEventLoop, kThread, kGreenlet };

struct Greenlet;
struct GreenletThread;

// What a switch to a greenlet brings: an exception, or the arguments, as a function is called with them and as switch() returns them.
// References; null for none. Without `arguments` the value is the one argument.
struct Parcel {
  PyObject* value = nullptr;
  PyObject* arguments = nullptr;
  PyObject* keywords = nullptr;
  PyObject* exception = nullptr;
};

// A call of run_sync(coroutine): the task whose step made it (or null) and the one that it runs. Both are borrowed; it lies on the
// fiber's stack.
struct RunSyncFrame {
  PyObject* outer_task;
  PyObject* task;
  const RunSyncFrame* previous;
};

class Fiber {
 public:
  // The fiber whose frames are on top; null while the event loop turns.
  static Fiber* Current() { return current_; }
  static const FiberCounts& counts();
  // How many may be live, but for the event loop's.
  static int Limit();
  // How often a fiber was left or gone on with, in all: the same number means that nothing ran.
  static uint32_t switches() { return switches_; }

  // A fresh fiber with its region, or null with a Python exception set.
  static Fiber* New(FiberKind kind);
  static void Delete(Fiber* fiber);
  // The live fiber of that id, or the one that runs that call, or null.
  static Fiber* Find(int id);
  static Fiber* FindCall(uint32_t call);
  // All live fibers, the youngest first.
  static Fiber* Youngest() { return youngest_; }
  Fiber* older() const { return older_; }

  int id() const { return id_; }
  // Which of all calls from JavaScript or the event loop it runs: the event loop's fiber runs one for each callback, any other
  // fiber one. Ids are used again, this is not.
  uint32_t call() const { return call_; }
  void BeginCall();
  FiberKind kind() const { return kind_; }
  // The thread that it is or is a part of; null for the main one.
  Fiber* thread() { return kind_ == FiberKind::kThread ? this : thread_; }
  const Fiber* thread() const { return const_cast<Fiber*>(this)->thread(); }
  FiberState state() const;
  // Of two that wait, the one with the larger number began to later.
  uint32_t wait_number() const { return wait_number_; }
  // When it first waited; 0 before.
  Nanoseconds began() const { return began_; }
  const TaskThreadState& tstate() const { return tstate_; }
  const StackRegion& region() const { return *region_; }
  // The bytes of its C stack that are in use while it is suspended.
  uint32_t stack_in_use() const { return region_->top() - fiber_sp_; }

  // Main stack -> fiber. Takes the main stack pointer, returns the fiber's.
  uint32_t Enter(uint32_t main_sp);
  // On the fiber's stack: gives it its thread state, and takes it away. EnterPython() is false with an exception set in the
  // caller's thread state.
  bool EnterPython();
  void ExitPython() { tstate_.Exit(); }
  // Before a thread's fiber is entered: the thread state that its body is to attach. False with an exception set.
  bool TakeThreadState(PyThreadState* tstate);
  // Before a greenlet's fiber is entered, in the thread that it is to be a part of: a thread state of its own. False with an
  // exception set.
  bool MakeThreadState();
  void EnterMadeThreadState() { tstate_.EnterMade(); }
  // When it is not to be entered after all.
  void DiscardThreadState() { tstate_.Discard(); }
  // Gives `next` what CPython keeps for a thread and not for a stack.
  void GiveThreadTo(Fiber* next) { tstate_.SwapThread(&next->tstate_); }
  // The same two for a thread, whose body attaches its thread state and deletes it.
  void EnterThread() { tstate_.EnterThread(); }
  void ExitThread() { tstate_.ExitThread(); }
  // Fiber -> main stack, at the end. Returns the main stack pointer.
  uint32_t Leave(uint32_t fiber_sp);
  // Fiber -> main stack, before V8 suspends. Returns the main stack pointer.
  uint32_t Suspend(uint32_t fiber_sp);
  // Main stack -> fiber, after V8 resumed; `thrown` when the promise was rejected. Returns the fiber's
  // stack pointer.
  uint32_t Resume(uint32_t main_sp, bool thrown);

  // A task or a thread, and the greenlet on top of it that it switched to, are one stack of calls to all others: its base is the
  // one and its top the other, the same fiber where there is no greenlet. A greenlet that was switched away from is on no stack.
  Fiber* base() { return base_ ? base_ : this; }
  const Fiber* base() const { return base_ ? base_ : this; }
  Fiber* top() { return top_ ? top_ : this; }
  const Fiber* top() const { return top_ ? top_ : this; }
  bool on_a_stack() const { return base_ != nullptr; }
  // Puts `next` on top of this fiber's base in place of this one; it is no greenlet's if it is the base itself.
  void GiveStackTo(Fiber* next);
  // Suspended by a switch, until it is switched to: nothing else wakes it.
  bool switched_out() const { return switched_out_; }

  // The fiber that is to go on next, or to begin, and no other: set by HandOver() until it does; else null.
  static Fiber* successor() { return successor_; }
  // Nothing of Python's may run between this and the suspension or the end of the current fiber.
  void HandOver(Fiber* next);
  // What a fiber that V8 resumed is to do.
  enum Verdict : int { kGoOn = 0, kLetOthersRun = 1, kWaitAgain = 2 };
  Verdict MayResume(bool thrown) const;

  // Whether the last suspension ended in a rejection.
  bool thrown() const { return thrown_; }
  // What the last suspension was ended by.
  Wake woken_by() const { return wake_; }
  // For a wait that ends otherwise than by its suspension.
  void EndWait(Wake how, bool thrown = false) {
    wake_ = how;
    thrown_ = thrown;
  }

  // Ends this fiber's suspension: it runs on in a microtask. False when it does not wait, or was woken before.
  bool WakeUp(Wake reason);

  // Has `exception` (a reference that is taken) raised where this fiber waits, or soon where it runs. False when it has one to
  // raise already; the reference is dropped then.
  bool Cancel(PyObject* exception);
  bool has_exception() const { return exception_ != nullptr; }
  bool WillRaise(PyObject* exception) const { return exception_ == exception; }
  // The exception of Cancel(), which is now the caller's to raise; null when there is none.
  PyObject* TakeException();

  // Of a greenlet: its object, while it is active; it owns no reference. What the last switch brought, and from which greenlet: a
  // reference, null for the main one.
  Greenlet* greenlet = nullptr;
  Parcel parcel;
  Greenlet* origin = nullptr;
  // What it is to call, a reference, until it begins.
  PyObject* run = nullptr;
  // Its thread has tried to end it, as that is at its own end.
  bool ended_with_thread = false;
  // Its context variables, a reference each; null for none.
  PyObject* context() const { return tstate_.context(); }
  void SetContext(PyObject* context) { tstate_.SetContext(context); }
  PyObject* TakeContext() { return tstate_.TakeContext(); }
  // For what is left of a thread's greenlets.
  void ForgetThread(const Fiber* thread) {
    if (thread_ == thread) thread_ = nullptr;
  }
  // Of a thread: what its greenlets have in common (greenlet_thread.h); null before there is one.
  GreenletThread* greenlets = nullptr;
  // What a thread runs (threads.h).
  void (*thread_body)(void*) = nullptr;
  void* thread_argument = nullptr;
  bool is_foreign_thread = false;  // one of C code, not of the module _thread
  // The exception that its work ended by, a reference; null for none.
  PyObject* ended_by = nullptr;
  // What it waits for, in words, while it is suspended: a static string.
  const char* waits_for = nullptr;
  // Where it is parked, and whether it goes on waiting there whatever it is to raise (parking_lot.h).
  const void* parked_at = nullptr;
  bool cannot_raise = false;
  // The future of asyncio that it waits for: a reference of that wait's. Null when it waits for none.
  PyObject* awaited = nullptr;
  // The deadline of its wait.
  Timer timer;
  // The calls of run_sync(coroutine) on its stack, the innermost first.
  const RunSyncFrame* run_sync_frames = nullptr;
  // The lock with an owner that it waits for without a deadline (recursive_mutex.h); null when it waits for none.
  const void* waits_on = nullptr;
  // The containers whose repr() is on its stack (repr_guard.cc): a dict, or null.
  PyObject* repr_guards = nullptr;
  // Code of CPython was told that this fiber's wait was interrupted, and has not asked yet by what (parking_lot.h).
  bool interrupted = false;

  // It runs code of the event loop's own between two callbacks, where an exception would be neither's: it comes a little later.
  bool uninterrupted = false;
  // It runs what CPython calls from the evaluation loop between two instructions (time_slices.h).
  bool handles_pending = false;
  // A task that suspends since its time slice is over, and not to wait.
  bool is_preempted = false;

  // What may still be done without waiting before the event loop must have a turn, counted in settled promises that are read. False
  // when it is used up.
  bool TakePeek();
  bool may_peek() const { return peeks_left_ > 0; }
  // Done already, whether there was any left or not.
  void TakePeeks(uint32_t count) { peeks_left_ = count < peeks_left_ ? peeks_left_ - count : 0; }

 private:
  void Transition(FiberState to);
  // Invariant 7, for a fiber that goes on or begins: whether it was handed over to.
  bool Succeed(bool refused);
  static Fiber** CallBucket(uint32_t call);
  // Takes it out of the chain of its call.
  void ForgetCall();
  void CheckStack(uint32_t sp, const char* when) const;

  static Fiber* current_;
  static Fiber* youngest_;
  static uint32_t calls_;
  static uint32_t switches_;
  static Fiber* successor_;

  int id_ = 0;
  uint32_t call_ = 0;
  uint32_t wait_number_ = 0;
  FiberKind kind_ = FiberKind::kTask;
  bool switched_out_ = false;
  Fiber* thread_ = nullptr;
  Fiber* base_ = nullptr;
  Fiber* top_ = nullptr;
  StackRegion* region_ = nullptr;
  TaskThreadState tstate_;
  uint32_t main_sp_ = 0;
  uint32_t fiber_sp_ = 0;
  uint32_t peeks_left_ = 0;
  bool thrown_ = false;
  Wake wake_ = Wake::kNone;
  PyObject* exception_ = nullptr;
  Nanoseconds began_ = 0;
  Fiber* older_ = nullptr;
  Fiber* younger_ = nullptr;
  Fiber* next_by_call_ = nullptr;
  NativeState native_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_FIBER_H_
