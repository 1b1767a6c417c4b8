#include "promise_future.h"

#include "asyncio_api.h"
#include "engine_api.h"
#include "event_loop.h"
#include "handle.h"
#include "pyodide_api.h"
#include "run_sync.h"
#include "thread_state_layout.h"
#include "wait.h"

namespace blockon {
namespace {

constinit MethodName name_fut_waiter("_fut_waiter");
constinit MethodName name_set_exception("set_exception");
constinit MethodName name_set_result("set_result");

struct Unattached {
  PyObject* future;
  PyObject* converter;  // null: js2python
  JsRef promise;
  JsRef done;  // a function that is told when the promise has settled; null for none
  bool registered;
};

Unattached* list = nullptr;
int size = 0;
int capacity = 0;
bool attach_scheduled = false;

bool Reserve() {
  if (size < capacity) return true;
  const int larger = capacity ? 2 * capacity : 64;
  auto* grown = static_cast<Unattached*>(PyMem_RawRealloc(list, larger * sizeof(Unattached)));
  if (!grown) {
    PyErr_NoMemory();
    return false;
  }
  list = grown;
  capacity = larger;
  return true;
}

// The latest first: what is waited for was most likely made just now. -1 when it is not there.
int Find(PyObject* future) {
  for (int i = size - 1; i >= 0; i--) {
    if (list[i].future == future) return i;
  }
  return -1;
}

// The references go over to JavaScript, which gives them back to blockon_promise_settled.
void Attach(const Unattached& entry) {
  JsVal done = entry.done ? hiwire_pop(entry.done) : NoPromise();
  blockon_attach_promise(hiwire_pop(entry.promise), done, entry.future, entry.converter);
}

PyObject* Convert(PyObject* converter, JsVal value) {
  if (!converter || converter == Py_None) return js2python(value);
  return Js2PyConverter_convert(converter, value, NoPromise());
}

// Settles the future, unless somebody did before; what fails in that is the future's exception.
void Settle(PyObject* future, MethodName& how, PyObject* value) {
  const int is_done = IsDone(future);
  if (is_done < 0) return PyErr_Clear();
  if (is_done) return;
  PyRef result(value ? CallMethod(future, how, value) : nullptr);
  if (result) return;
  PyRef exception(PyErr_GetRaisedException());
  PyRef told(CallMethod(future, name_set_exception, exception.get()));
  if (!told) PyErr_Clear();
}

// What a promise was rejected with, as an exception; JavaScript may reject with anything.
PyObject* ExceptionOf(JsVal reason) {
  PyRef value(js2python(reason));
  if (!value) return nullptr;
  const int is_exception = PyObject_IsInstance(value.get(), PyExc_BaseException);
  if (is_exception < 0) return nullptr;
  return is_exception ? value.Release() : ErrorOfReason(value.get());
}

void RaiseReason(JsVal reason) {
  PyRef value(js2python(reason));
  if (!value) return;
  const int is_exception = PyObject_IsInstance(value.get(), PyExc_BaseException);
  if (is_exception < 0) return;
  if (is_exception) return RaiseThrown(reason);
  PyObject* exception = ErrorOfReason(value.get());
  if (exception) PyErr_SetRaisedException(exception);
}

Unattached Take(PyObject* future) {
  const int index = Find(future);
  const Unattached entry = list[index];
  list[index] = list[--size];
  return entry;
}

// The value of an entry's promise, or null with its reason set as the exception; or what a cancelled wait set. Where somebody else
// settled the future meanwhile, null without an exception, and fiber->woken_by() is kNotified.
PyObject* AwaitEntry(Fiber* fiber, const Unattached& entry) {
  JsVal promise = hiwire_get(entry.promise);
  JsVal value;
  do {
    value = AwaitPromise(fiber, promise, blockon_promise_state(promise));
    if (fiber->woken_by() == Wake::kCancelled) return nullptr;
    if (fiber->woken_by() != Wake::kNone && IsDone(entry.future) != 0) {
      PyErr_Clear();
      fiber->EndWait(Wake::kNotified);
      return nullptr;
    }
  } while (fiber->woken_by() != Wake::kNone);
  const bool thrown = fiber->thrown();
  PyRef result;
  if (thrown) {
    RaiseReason(value);
  } else {
    result.Reset(Convert(entry.converter, value));
  }
  if (entry.done) {
    const KeptException kept;
    if (thrown) {
      blockon_call_done(hiwire_get(entry.done), NoPromise());
    } else {
      blockon_call_done(hiwire_get(entry.done), value);
    }
  }
  return result.Release();
}

void Release(const Unattached& entry) {
  hiwire_decref(entry.promise);
  if (entry.done) hiwire_decref(entry.done);
  if (entry.converter) Py_DecRef(entry.converter);
  Py_DecRef(entry.future);
}

// Nobody waits for it any more: the promise settles a future that is cancelled, which takes no notice.
void Abandon(const Unattached& entry) {
  CancelAwaited(entry.future);
  const KeptException kept;
  Attach(entry);
}

// A step of one task within a step of another, on one thread state, which asyncio allows one at a time. Running a handle makes
// the loop and its hooks the thread state's; what the outer step had, it has again.
class StepWithinStep {
 public:
  StepWithinStep()
      : tstate_(LayoutOf(PyThreadState_Get())),
        task_(tstate_->asyncio_running_task),
        loop_(NewReference(tstate_->asyncio_running_loop)),
        firstiter_(NewReference(tstate_->async_gen_firstiter)),
        finalizer_(NewReference(tstate_->async_gen_finalizer)) {
    tstate_->asyncio_running_task = nullptr;
  }
  StepWithinStep(const StepWithinStep&) = delete;
  StepWithinStep& operator=(const StepWithinStep&) = delete;
  ~StepWithinStep() {
    tstate_->asyncio_running_task = task_;
    SetReference(&tstate_->asyncio_running_loop, loop_.get());
    SetReference(&tstate_->async_gen_firstiter, firstiter_.get());
    SetReference(&tstate_->async_gen_finalizer, finalizer_.get());
  }

 private:
  ThreadStateLayout* const tstate_;
  PyObject* const task_;
  const PyRef loop_;
  const PyRef firstiter_;
  const PyRef finalizer_;
};

}  // namespace

bool HasPromiseToTake(PyObject* future) {
  if (size == 0 || future->ob_refcnt != 2 || Find(future) < 0) return false;
  // The list's, and the caller's: that of a variable is lent to a call, which then counts no reference of its own.
  future->ob_refcnt--;
  const bool is_temporary = PyUnstable_Object_IsUniqueReferencedTemporary(future) != 0;
  future->ob_refcnt++;
  return is_temporary;
}

PyObject* WaitForTakenPromise(Fiber* fiber, PyObject* future) {
  const Unattached entry = Take(future);
  PyRef result(AwaitEntry(fiber, entry));
  if (fiber->woken_by() != Wake::kNone) {
    Abandon(entry);
    return nullptr;  // nobody but the caller has the future: only a cancellation ends the wait
  }
  Release(entry);
  return result.Release();
}

bool StepTaskByPromise(Fiber* fiber, PyObject* task, bool* failed) {
  *failed = false;
  if (size == 0) return false;
  PyRef future(PyObject_GetAttr(task, name_fut_waiter.Get()));
  if (!future) {
    PyErr_Clear();
    return false;
  }
  // The list, the task, the iterator of its await, and this function.
  if (future.get()->ob_refcnt != 4 || Find(future.get()) < 0) return false;
  const Unattached entry = Take(future.get());
  PyRef value(AwaitEntry(fiber, entry));
  if (fiber->woken_by() != Wake::kNone) {
    *failed = fiber->woken_by() == Wake::kCancelled;
    Abandon(entry);
    return true;
  }
  Release(entry);
  PyRef exception(value ? nullptr : PyErr_GetRaisedException());
  HandleCapture step;
  Settle(future.get(), value ? name_set_result : name_set_exception, value ? value.get() : exception.get());
  if (!step.handle()) return true;
  const StepWithinStep outer;
  *failed = !RunHandle(step.handle());
  fiber->EndWait(Wake::kNone);  // the step may have had waits of its own
  return true;
}

}  // namespace blockon

using namespace blockon;

extern "C" int blockon_is_null(JsVal value);  // externref.s

extern "C" {

// In place of Pyodide's function of this type (patches/314.0.7/routes.txt).
__attribute__((visibility("default"))) PyObject* blockon_wrap_promise(JsVal value, JsVal done, PyObject* converter) {
  if (!Reserve()) return nullptr;
  JsVal promise = JsvPromise_Resolve(value);
  if (JsvError_Check(promise)) return nullptr;
  bool registered;
  PyRef future(NewLoopFuture(&registered));
  if (!future) {
    // No memory, or an interrupt: nobody will hear how the promise ends.
    blockon_ignore_rejection(promise);
    return nullptr;
  }
  Py_IncRef(future.get());
  if (converter) Py_IncRef(converter);
  JsRef done_reference = blockon_is_null(done) ? nullptr : hiwire_new(done);
  list[size++] = {future.get(), converter, hiwire_new(promise), done_reference, registered};
  if (!attach_scheduled) {
    attach_scheduled = true;
    blockon_schedule_attach();
  }
  return future.Release();
}

// A microtask: on the event loop's stack.
__attribute__((visibility("default"))) void blockon_attach_promises() {
  attach_scheduled = false;
  for (int i = 0; i < size; i++) {
    if (!list[i].registered) RegisterLoopFuture(list[i].future);
    Attach(list[i]);
  }
  size = 0;
}

// An attached promise is gone and was never settled: gives back what waited for it. Takes the references.
__attribute__((visibility("default"))) void blockon_promise_abandoned(PyObject* future, PyObject* converter) {
  if (converter) Py_DecRef(converter);
  Py_DecRef(future);
}

// The reaction of an attached promise, on the event loop's stack. Takes the references.
__attribute__((visibility("default"))) void blockon_promise_settled(PyObject* future, PyObject* converter, int rejected,
                                                                    JsVal value) {
  PyRef result(rejected ? ExceptionOf(value) : Convert(converter, value));
  Settle(future, rejected ? name_set_exception : name_set_result, result.get());
  if (converter) Py_DecRef(converter);
  Py_DecRef(future);
}

}  // extern "C"
