// pyodide.ffi.run_sync and can_run_sync, in place of Pyodide's (patches/314.0.7/routes.txt).
#include "run_sync.h"

#include "asyncio_api.h"
#include "engine_api.h"
#include "promise_future.h"
#include "pyodide_api.h"
#include "thread_state_layout.h"
#include "wait.h"
#include "waker.h"

extern "C" PyObject* blockon_run_sync(PyObject* module, PyObject* awaitable);

namespace blockon {
namespace {

constexpr char kSynchronousEntry[] =
    "Cannot stack switch because the Python entrypoint was a synchronous function. Use pyFunc.callPromising() to "
    "fix.";
constexpr char kGateClosed[] =
    "run_sync is not enabled for this Worker: add \"python_run_sync\" to compatibility_flags in wrangler.toml, or "
    "set compatibility_date to 2025-01-01 or later and remove \"no_python_run_sync\"";

constexpr char kOwnLoop[] =
    "run_sync would wait for ever: the future is of the event loop that runs here, which stands still meanwhile. Await it";

constinit MethodName name_add_done_callback("add_done_callback");
constinit MethodName name_remove_done_callback("remove_done_callback");
constinit MethodName name_result("result");

// What blockon_promise_state says of a promise that has its value.
constexpr int kFulfilled = 1;

// Whether what it gives to run_sync is another's to run.
bool UsesMainLoop(const Fiber* fiber) { return fiber->thread() || IsWithinOwnLoop(); }

// Whether a wait for the task failed, with the exception that is set, and not the task itself.
bool IsStillRunning(PyObject* task) {
  const KeptException kept;
  return IsDone(task) == 0;
}

// The fiber was cancelled, or found no memory to wait, with the exception that is set, while it waited for a task of its own. The task is cancelled and runs to
// its end, so that its `finally` clauses are done when the exception goes on. A second cancellation is not waited for.
PyObject* UnwindTask(Fiber* fiber, PyObject* task) {
  CancelAwaited(task);
  PyRef exception(PyErr_GetRaisedException());
  PyRef result(WaitForFuture(fiber, task));
  if (!result && fiber->woken_by() == Wake::kCancelled) return nullptr;
  PyErr_Clear();
  PyErr_SetRaisedException(exception.Release());
  return nullptr;
}

PyObject* FinishTask(Fiber* fiber, PyObject* task) {
  fiber->EndWait(Wake::kNone);
  bool failed = false;
  while (!failed && !UsesMainLoop(fiber) && StepTaskByPromise(fiber, task, &failed)) {
  }
  PyObject* result = failed ? nullptr : WaitForFuture(fiber, task);
  if (result || (fiber->woken_by() != Wake::kCancelled && !IsStillRunning(task))) return result;
  return UnwindTask(fiber, task);
}

}  // namespace

void RaiseThrown(JsVal thrown) {
  if (blockon_is_suspend_error(thrown)) {
    PyErr_SetString(PyExc_RuntimeError, kSynchronousEntry);
  } else {
    blockon_raise_js_error(thrown);
  }
}

// Where the gate is closed there is no promising entry, and so no fiber.
bool CanSuspend() { return Fiber::Current() && blockon_suspendable; }

Fiber* SuspendableFiber() {
  if (CanSuspend()) return Fiber::Current();
  PyErr_SetString(PyExc_RuntimeError, blockon_can_suspend() ? kSynchronousEntry : kGateClosed);
  return nullptr;
}

JsVal AwaitPromise(Fiber* fiber, JsVal promise, int state) {
  if (state == kFulfilled) {
    if (fiber->TakePeek()) {
      fiber->EndWait(Wake::kNone, false);
      return blockon_promise_result(promise);
    }
    JsVal refused = Wait(fiber, blockon_next_turn(), "its turn");
    if (fiber->woken_by() == Wake::kCancelled || fiber->thrown()) return refused;
  }
  return Wait(fiber, promise, "a promise");
}

PyObject* WaitForFuture(Fiber* fiber, PyObject* future) {
  PyRef wake;
  fiber->EndWait(Wake::kNone);
  for (;;) {
    const int is_done = IsDone(future);
    if (is_done < 0) return nullptr;
    if (is_done) return CallMethod(future, name_result);
    if (!wake) {
      wake.Reset(NewWaker(fiber));
      if (!wake) return nullptr;
      PyRef added(CallMethod(future, name_add_done_callback, wake.get()));
      if (!added) return nullptr;
      continue;  // WebLoop's futures do it in Python, where a thread may be pre-empted: what woke it there would be lost
    }
    fiber->awaited = future;
    JsVal thrown = Wait(fiber, NoPromise(), "a future");
    fiber->awaited = nullptr;
    const bool cancelled = fiber->woken_by() == Wake::kCancelled;
    if (!cancelled && !fiber->thrown()) continue;
    if (!cancelled) RaiseThrown(thrown);
    const KeptException kept;
    PyRef removed(CallMethod(future, name_remove_done_callback, wake.get()));
    return nullptr;
  }
}

PyObject* RunCoroutine(Fiber* fiber, PyObject* coroutine) {
  RunSyncFrame frame = {LayoutOf(fiber->tstate().own())->asyncio_running_task, nullptr, fiber->run_sync_frames};
  fiber->run_sync_frames = &frame;
  // What run_sync is given is the main thread's event loop's, and so are all steps of its tasks: a thread runs none itself, for a
  // loop of its own stands still while the thread waits here.
  PyRef task(UsesMainLoop(fiber) ? EnsureMainFuture(coroutine) : StartTask(coroutine));
  frame.task = task.get();
  PyObject* result = task ? FinishTask(fiber, task.get()) : nullptr;
  fiber->run_sync_frames = frame.previous;
  return result;
}

namespace {

// METH_FASTCALL calls a function by its own type. METH_O goes through _PyEM_TrampolineCall, which asks each function for its type first.
PyObject* RunSyncFast(PyObject* self, PyObject* const* args, int32_t count) {
  if (count == 1) return blockon_run_sync(self, args[0]);
  return PyErr_Format(PyExc_TypeError, "_pyodide_core.run_sync() takes exactly one argument (%zd given)", count);
}

}  // namespace

bool InstallRunSync(PyObject* core_module) {
  PyRef stock(PyObject_GetAttrString(core_module, "run_sync"));
  if (!stock) return false;
  PyRef module_name(PyObject_GetAttrString(stock.get(), "__module__"));
  if (!module_name) return false;
  PyMethodDef* definition = reinterpret_cast<PyCFunctionObject*>(stock.get())->m_ml;
  if (stock.get()->ob_type != &PyCFunction_Type || definition->ml_meth != PyCFunction_GetFunction(stock.get())) {
    _Py_FatalErrorFunc("blockon", "this build of CPython lays out its built-in functions otherwise than 3.14");
  }
  definition->ml_meth = reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(RunSyncFast));
  definition->ml_flags = METH_FASTCALL;
  PyRef fast(PyCFunction_NewEx(definition, PyCFunction_GetSelf(stock.get()), module_name.get()));
  return fast && PyObject_SetAttrString(core_module, "run_sync", fast.get()) == 0;
}

}  // namespace blockon

using blockon::Fiber;

extern "C" {

bool blockon_suspendable = false;

// Where the glue finds it (patches/314.0.7/0015-suspendable.toml).
__attribute__((visibility("default"))) bool* blockon_suspendable_flag() { return &blockon_suspendable; }

__attribute__((visibility("default"))) PyObject* blockon_run_sync(PyObject*, PyObject* awaitable) {
  if (JsProxy_Check(awaitable)) {
    JsVal value = JsProxy_Val(awaitable);
    const int state = blockon_promise_state(value);
    const bool is_promise = state >= 0;
    if (is_promise || JsvPromise_Check(value)) {
      Fiber* fiber = blockon::SuspendableFiber();
      if (!fiber) return nullptr;
      JsVal promise = is_promise ? value : JsvPromise_Resolve(value);
      JsVal result;
      do {
        result = blockon::AwaitPromise(fiber, promise, state);
        if (fiber->woken_by() == blockon::Wake::kCancelled) return nullptr;
      } while (fiber->woken_by() != blockon::Wake::kNone);
      if (!fiber->thrown()) return js2python(result);
      blockon::RaiseThrown(result);
      return nullptr;
    }
  }
  if (!py_is_awaitable(awaitable)) {
    return PyErr_Format(PyExc_TypeError, "object %.100s is not awaitable", awaitable->ob_type->tp_name);
  }
  Fiber* fiber = blockon::SuspendableFiber();
  if (!fiber) return nullptr;
  if (blockon::HasPromiseToTake(awaitable)) return blockon::WaitForTakenPromise(fiber, awaitable);
  if (awaitable->ob_type == &PyCoro_Type) return blockon::RunCoroutine(fiber, awaitable);
  blockon::PyRef future(blockon::UsesMainLoop(fiber) ? blockon::EnsureMainFuture(awaitable)
                                                     : blockon::EnsureFuture(awaitable));
  if (!future) return nullptr;
  if (blockon::IsWithinOwnLoop() && blockon::IsOfRunningLoop(future.get())) {
    PyErr_SetString(PyExc_RuntimeError, blockon::kOwnLoop);
    return nullptr;
  }
  PyObject* result = blockon::WaitForFuture(fiber, future.get());
  if (!result && fiber->woken_by() == blockon::Wake::kCancelled) blockon::CancelAwaited(future.get());
  return result;
}

// The answer to can_run_sync() and to the glue's own question of that name.
__attribute__((visibility("default"))) int blockon_can_run_sync() { return blockon::CanSuspend(); }

// What Pyodide's own C code (its socket system calls) suspends by: the promise's value, or the error marker, with
// a Python exception set when the promise was rejected.
__attribute__((visibility("default"))) JsVal blockon_promise_syncify(JsVal promise) {
  if (!blockon::CanSuspend()) return Jsv_GetError_import();
  Fiber* fiber = Fiber::Current();
  JsVal result;
  do {
    result = blockon::Wait(fiber, promise, "a socket");
    if (fiber->woken_by() == blockon::Wake::kCancelled) return Jsv_GetError_import();
  } while (fiber->woken_by() != blockon::Wake::kNone);
  if (!fiber->thrown()) return result;
  blockon::RaiseThrown(result);
  return Jsv_GetError_import();
}

}  // extern "C"
