#include "time_slices.h"

#include "collector.h"
#include "engine_api.h"
#include "import_lock.h"
#include "instance.h"
#include "interruption.h"
#include "jspi/util/slice_words.h"
#include "own_code.h"
#include "random_switches.h"
#include "run_sync.h"
#include "switch_interval.h"
#include "thread_state_layout.h"
#include "wait.h"

extern "C" {
extern uint32_t _Py_emscripten_signal_clock;
extern uint32_t _Py_emscripten_signal_in_memory;
int Py_IsFinalizing();
JsVal blockon_switch_and_suspend(blockon::Fiber* fiber, JsVal promise);  // stack_switch.s
}

namespace blockon {
namespace {

SliceWords words{};
// The size of the memory, in pages, when the clock was asked to look: one that grew may lie elsewhere.
uint32_t watched_pages = 0;

// A turn of the host's loop was asked for, as it is when a fiber begins a slice, and has not come yet.
bool turn_is_due = false;
// The clock told in this turn.
bool slice_is_over = false;
// The fiber that runs is to give way.
bool fiber_is_due = false;

// A fiber that waits for its turn, on whose stack it lies.
struct WaitingFiber {
  Fiber* fiber;
  WaitingFiber* next = nullptr;
  bool goes_on = false;
};

// In the order in which they came.
class WaitingFibers {
 public:
  int size() const { return size_; }

  void Append(WaitingFiber* one) {
    WaitingFiber** link = &first_;
    while (*link) link = &(*link)->next;
    *link = one;
    size_++;
  }
  void Remove(WaitingFiber* one) {
    WaitingFiber** link = &first_;
    while (*link != one) link = &(*link)->next;
    *link = one->next;
    size_--;
  }
  // Has the one at that place go on, on any stack.
  void Release(uint32_t index) {
    WaitingFiber* one = first_;
    while (index-- > 0) one = one->next;
    Remove(one);
    one->goes_on = true;
    // One that was woken by another reason goes on by that.
    one->fiber->WakeUp(Wake::kNotified);
  }

 private:
  WaitingFiber* first_ = nullptr;
  int size_ = 0;
};

// Those that were pre-empted, and tasks that stand aside for the one that was.
constinit WaitingFibers preempted;
constinit WaitingFibers aside;
// The task that was pre-empted since it last waited.
const Fiber* main_thread = nullptr;

void AskForTurn() {
  if (turn_is_due) return;
  turn_is_due = true;
  words.turn++;
  blockon_ask_host_turn();
}

void AskForClock() {
  const uint32_t pages = __builtin_wasm_memory_size(0);
  if (words.watched && pages == watched_pages) return;
  watched_pages = pages;
  if (!words.interval) {
    words.interval = reinterpret_cast<uint32_t>(SwitchInterval());
    words.countdown = reinterpret_cast<uint32_t>(&_Py_emscripten_signal_clock);
    words.signal = reinterpret_cast<uint32_t>(&_Py_emscripten_signal_in_memory);
  }
  blockon_watch_slices(&words);
}

// A thread's state is not there yet when its fiber is entered, and is deleted before that ends.
void SetDue(Fiber* fiber) {
  if (PyThreadState_GetUnchecked() != fiber->tstate().own()) return;
  fiber_is_due = true;
  FlagRunning(fiber);
}

bool MayGiveWay(Fiber* fiber) {
  return CanSuspend() && !fiber->handles_pending && LayoutOf(fiber->tstate().own())->tracing == 0 &&
         !InsideCollection() && !HoldsImportLock() && !Py_IsFinalizing() && !RunsOwnCode();
}

// Suspends until released. A cancellation wakes it sooner, and is raised where the fiber goes on, in its turn; so is a signal, whose
// wake was for this fiber alone. False when V8 refused: a frame of JavaScript's is below.
bool WaitIn(WaitingFibers* list, Fiber* fiber) {
  const CollectorWait collector;
  const Wake wake = fiber->woken_by();
  const bool thrown = fiber->thrown();
  WaitingFiber here{.fiber = fiber};
  list->Append(&here);
  fiber->waits_for = "its turn";
  while (!here.goes_on) {
    blockon_switch_and_suspend(fiber, NoPromise());
    if (fiber->woken_by() == Wake::kSignalled) FlagSignal(fiber);
    if (fiber->woken_by() == Wake::kNone && fiber->thrown()) break;
  }
  if (!here.goes_on) list->Remove(&here);
  fiber->EndWait(wake, thrown);
  return here.goes_on;
}

void GiveWay(Fiber* fiber) {
  if (fiber->kind() == FiberKind::kThread) {
    WaitIn(&preempted, fiber);
    return;
  }
  main_thread = fiber;
  fiber->is_preempted = true;
  WaitIn(&preempted, fiber);
  fiber->is_preempted = false;
}

}  // namespace

bool preempts_tasks = false;

void BeginSlice(Fiber* fiber) {
  if (blockon_is_new_instance(BLOCKON_INSTANCE_SLICES)) {
    words.watched = 0;
    turn_is_due = slice_is_over = false;
  }
  AskForTurn();
  if (SwitchesAtRandom()) {
    DrawNextPoll();
    return;
  }
  AskForClock();
  words.running = 1;
  if (slice_is_over) SetDue(fiber);
}

void EndSlice() {
  words.running = 0;
  fiber_is_due = false;
}

void LeaveMainThread(const Fiber* fiber) {
  if (main_thread != fiber) return;
  main_thread = nullptr;
  while (aside.size() > 0) aside.Release(0);
}

void NoteSliceIsOver() {
  const Fiber* fiber = Fiber::Current();
  if (fiber && IsPreempted(fiber->kind())) slice_is_over = true;
  NoteSwitch();
}

void NoteSwitch() {
  Fiber* fiber = Fiber::Current();
  if (fiber && IsPreempted(fiber->kind())) SetDue(fiber);
}

void GiveWayIfDue(Fiber* fiber) {
  if (fiber_is_due && MayGiveWay(fiber)) GiveWay(fiber);
}

void GoOn(Fiber* fiber) {
  if (!fiber->thread()) {
    while (main_thread && main_thread != fiber->base() && WaitIn(&aside, fiber)) {
    }
  }
  if (IsPreempted(fiber->kind()) && RandomlyOneIn(2) && MayGiveWay(fiber)) GiveWay(fiber);
}

int PreemptedFibers() { return preempted.size() + aside.size(); }

}  // namespace blockon

// From the host's event loop, in the turn that was asked for.
extern "C" __attribute__((visibility("default"))) void blockon_on_host_turn() {
  using namespace blockon;
  turn_is_due = slice_is_over = false;
  if (preempted.size() > 0) preempted.Release(RandomIndex(preempted.size()));
}
