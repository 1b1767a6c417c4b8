#include "event_loop.h"

#include "engine_api.h"
#include "handle.h"
#include "memory_reserve.h"
#include "timers.h"
#include "waker.h"
#include "work.h"

namespace blockon {
namespace {

// What is ready: a handle, and the host's asynchronous context in which it was asked for (engine_api.h).
struct Ready {
  PyObject* handle;
  int context;
};

// A ring of them, which has references of its own.
class HandleQueue {
 public:
  int size() const { return size_; }

  // Takes a new reference of its own; false, with MemoryError set, when it cannot grow.
  bool Push(PyObject* handle, int context) {
    if (size_ == capacity_ && !Grow()) return false;
    Py_IncRef(handle);
    ready_[(first_ + size_++) & (capacity_ - 1)] = {handle, context};
    return true;
  }

  // The reference is the caller's.
  Ready Pop() {
    const Ready oldest = ready_[first_];
    first_ = (first_ + 1) & (capacity_ - 1);
    size_--;
    return oldest;
  }

 private:
  bool Grow() {
    const int larger = capacity_ ? 2 * capacity_ : 256;
    auto* grown = static_cast<Ready*>(PyMem_RawMalloc(larger * sizeof(Ready)));
    if (!grown) {
      PyErr_NoMemory();
      return false;
    }
    for (int i = 0; i < size_; i++) grown[i] = ready_[(first_ + i) & (capacity_ - 1)];
    PyMem_RawFree(ready_);
    ready_ = grown;
    first_ = 0;
    capacity_ = larger;
    return true;
  }

  Ready* ready_ = nullptr;
  int first_ = 0;
  int size_ = 0;
  int capacity_ = 0;  // a power of two
};

constexpr Nanoseconds kRetryDelay = 10'000'000;

constinit HandleQueue ready;
bool turn_scheduled = false;
// The fiber that runs the present turn.
Fiber* runner = nullptr;

HandleCapture* capture = nullptr;

void ScheduleTurn() {
  if (turn_scheduled || ready.size() == 0) return;
  turn_scheduled = true;
  blockon_schedule_turn();
}

bool MakeReady(PyObject* handle, int context) {
  if (!ready.Push(handle, context)) return false;
  if (!runner) ScheduleTurn();
  return true;
}

// A handle that becomes ready at a time. Python knows it by its number and has to show the handle as well.
struct Scheduled {
  Timer timer;
  PyObject* handle;
  int number;
  int context;  // as Ready has
};

// By number; the freed ones are linked through `next_free`.
union Slot {
  Scheduled* scheduled;
  intptr_t next_free;
};
Slot* slots = nullptr;
int slot_count = 0;
intptr_t first_free = -1;

bool GrowSlots() {
  const int larger = slot_count ? 2 * slot_count : 64;
  auto* grown = static_cast<Slot*>(PyMem_RawRealloc(slots, larger * sizeof(Slot)));
  if (!grown) return false;
  slots = grown;
  for (int i = larger - 1; i >= slot_count; i--) {
    slots[i].next_free = 2 * first_free + 1;  // odd: no pointer
    first_free = i;
  }
  slot_count = larger;
  return true;
}

Scheduled* FindScheduled(int number) {
  if (number < 0 || number >= slot_count || (slots[number].next_free & 1)) return nullptr;
  return slots[number].scheduled;
}

void Forget(Scheduled* scheduled) {
  RemoveTimer(&scheduled->timer);
  slots[scheduled->number].next_free = 2 * first_free + 1;
  first_free = scheduled->number;
  PyMem_RawFree(scheduled);
}

// On the event loop's stack, where no exception can be raised: a handle that finds no memory is tried again a little later.
void OnTime(Timer* timer) {
  auto* scheduled = static_cast<Scheduled*>(timer->owner);
  if (!MakeReady(scheduled->handle, scheduled->context)) {
    PyErr_Clear();
    if (!AddTimer(timer, Now() + 1'000'000)) PyErr_Clear();
    return;
  }
  Py_DecRef(scheduled->handle);  // the queue has one
  Forget(scheduled);
}

PyObject* CallSoonRefuses(const char* what) {
  PyErr_Format(PyExc_TypeError, "call_soon() %s", what);
  return nullptr;
}

// WebLoop.call_soon(callback, *args, context=None). What wakes a fiber runs no Python code and needs no turn.
PyObject* CallSoon(PyObject* loop, PyObject* const* arguments, int32_t count, PyObject* keywords) {
  if (count < 1) return CallSoonRefuses("missing 1 required positional argument: 'callback'");
  if (IsWaker(arguments[0])) {
    CallWaker(arguments[0]);
    return NewNone();
  }
  PyObject* context = nullptr;
  const int32_t keyword_count = keywords ? PyTuple_Size(keywords) : 0;
  for (int32_t i = 0; i < keyword_count; i++) {
    if (PyUnicode_CompareWithASCIIString(PyTuple_GetItem(keywords, i), "context") != 0) {
      return CallSoonRefuses("takes no keyword argument but 'context'");
    }
    context = arguments[count + i];
  }
  if (context == Py_None) context = nullptr;
  KeepMemoryReserve();
  PyRef handle;
  do {
    handle.Reset(NewHandle(loop, arguments[0], arguments + 1, count - 1, context));
  } while (!handle && SpendMemoryReserve());
  if (!handle) return nullptr;
  if (capture && capture->Take(handle.get())) return handle.Release();
  const int async_context = blockon_context_keep();
  while (!MakeReady(handle.get(), async_context)) {
    if (SpendMemoryReserve()) continue;
    blockon_context_drop(async_context);
    return nullptr;
  }
  return handle.Release();
}

PyMethodDef call_soon = {
    "call_soon", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(CallSoon)), METH_FASTCALL | METH_KEYWORDS,
    "call_soon($self, callback, /, *args, context=None)\n--\n\nRun callback(*args) in the event loop's next turn."};

PyObject* NewCallSoon(PyObject*, PyObject* type) {
  return PyDescr_NewMethod(reinterpret_cast<PyTypeObject*>(type), &call_soon);
}

PyObject* CallAt(PyObject*, PyObject* arguments) {
  double seconds = 0;
  PyObject* handle = nullptr;
  if (!PyArg_ParseTuple(arguments, "dO:call_at", &seconds, &handle)) return nullptr;
  if (!IsHandle(handle)) {
    return PyErr_Format(PyExc_TypeError, "call_at() needs a handle of asyncio, not %.100s", handle->ob_type->tp_name);
  }
  auto* scheduled = static_cast<Scheduled*>(PyMem_RawMalloc(sizeof(Scheduled)));
  if (!scheduled || (first_free < 0 && !GrowSlots())) {
    PyMem_RawFree(scheduled);
    return PyErr_NoMemory();
  }
  PyRef number(PyLong_FromLong(static_cast<long>(first_free)));
  *scheduled = Scheduled{};
  scheduled->timer.fire = OnTime;
  scheduled->timer.owner = scheduled;
  // Beyond what the clock can say in nanoseconds is never.
  const Nanoseconds when = seconds < 9e9 ? static_cast<Nanoseconds>(seconds * 1e9) : kNever - 1;
  if (!number || !AddTimer(&scheduled->timer, when)) {
    PyMem_RawFree(scheduled);
    return nullptr;
  }
  Py_IncRef(handle);
  scheduled->handle = handle;
  scheduled->context = blockon_context_keep();
  scheduled->number = static_cast<int>(first_free);
  first_free = slots[first_free].next_free >> 1;
  slots[scheduled->number].scheduled = scheduled;
  return number.Release();
}

PyObject* Unschedule(PyObject*, PyObject* arguments) {
  int number = -1;
  PyObject* handle = nullptr;
  if (!PyArg_ParseTuple(arguments, "iO:unschedule", &number, &handle)) return nullptr;
  Scheduled* scheduled = FindScheduled(number);
  if (scheduled && scheduled->handle == handle) {
    blockon_context_drop(scheduled->context);
    Forget(scheduled);
    Py_DecRef(handle);
  }
  return NewNone();
}

// Runs what was ready when it began. Stops, with the exception set, at a handle that raises: only SystemExit and
// KeyboardInterrupt come out of one.
void RunTurn(Fiber* fiber) {
  int left = ready.size();
  while (left-- > 0 && runner == fiber) {
    const Ready oldest = ready.Pop();
    PyRef handle(oldest.handle);
    blockon_context_enter(oldest.context);
    fiber->BeginCall();
    if (!RunHandle(handle.get())) break;
  }
}

}  // namespace

PyMethodDef event_loop_methods[] = {
    {"call_at", CallAt, METH_VARARGS,
     "call_at(when, handle)\n--\n\nRun a handle of asyncio when time.monotonic() is `when`. Returns its number."},
    {"unschedule", Unschedule, METH_VARARGS,
     "unschedule(number, handle)\n--\n\nTake back what call_at() did, if it is still to come."},
    {"new_call_soon", NewCallSoon, METH_O,
     "new_call_soon(type)\n--\n\nReturn the method call_soon for an event loop's class."},
    {nullptr, nullptr, 0, nullptr},
};

HandleCapture::HandleCapture() { capture = this; }
HandleCapture::~HandleCapture() { capture = nullptr; }

bool HandleCapture::Take(PyObject* handle) {
  if (handle_) return false;
  Py_IncRef(handle);
  handle_.Reset(handle);
  return true;
}

void LeaveTurn(Fiber* fiber) {
  if (runner != fiber) return;
  runner = nullptr;
  ScheduleTurn();
}

bool MakeHandleReady(PyObject* handle) { return MakeReady(handle, 0); }

int ReadyHandles() { return ready.size(); }

void RetryTurn() {
  static Timer retry;
  PyErr_Clear();
  retry.fire = [](Timer*) { ScheduleTurn(); };
  if (retry.pending() || AddTimer(&retry, Now() + kRetryDelay)) return;
  PyErr_Clear();
  ScheduleTurn();
}

Fiber* BeginTurn() {
  turn_scheduled = false;
  Fiber* fiber = Fiber::New(FiberKind::kEventLoop);
  if (!fiber) RetryTurn();
  return fiber;
}

PyObject* RunTurnOnFiber(Fiber* fiber) {
  runner = fiber;
  RunTurn(fiber);
  LeaveTurn(fiber);
  return PyErr_GetRaisedException();
}

}  // namespace blockon
