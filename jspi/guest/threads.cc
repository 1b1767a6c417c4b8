#include "threads.h"

#include "engine_api.h"
#include "owner.h"
#include "run_sync.h"

namespace blockon {
namespace {

// Why the last thread could not be started: CPython deletes its thread state before it raises. A reference, or null.
PyObject* start_error = nullptr;

void KeepStartError() {
  PyRef exception(PyErr_GetRaisedException());
  if (start_error) Py_DecRef(start_error);
  start_error = nullptr;
  // Without memory CPython's own words are as good.
  if (exception.get()->ob_type != reinterpret_cast<PyTypeObject*>(PyExc_MemoryError)) start_error = exception.Release();
}

// What CPython keeps of a thread that is to be joined (ThreadHandle of Modules/_threadmodule.c).
struct ThreadHandle {
  void* links[4];
  uint64_t ident;
  uint32_t os_handle;
  int has_os_handle;
};
static_assert(offsetof(ThreadHandle, os_handle) == 24);

// What CPython's body of a thread is given (struct bootstate).
struct BootState {
  PyThreadState* tstate;
  PyObject* call[3];
  ThreadHandle* handle;
};

// Null for what is no thread state of this interpreter: then it was somebody else who called.
PyThreadState* ThreadStateOf(void* argument) {
  PyThreadState* const wanted = static_cast<BootState*>(argument)->tstate;
  PyThreadState* tstate = PyInterpreterState_ThreadHead(PyInterpreterState_Get());
  while (tstate && tstate != wanted) tstate = PyThreadState_Next(tstate);
  return tstate;
}

constexpr char kSynchronousEntry[] =
    "can't start new thread: JavaScript called Python synchronously, which cannot be suspended, and so cannot wait for a thread. "
    "Call the function by callPromising()";
constexpr char kGateClosed[] =
    "can't start new thread: python_run_sync is not enabled for this Worker: add it to compatibility_flags in wrangler.toml";

// Null with an exception set.
Fiber* NewThread(void (*body)(void*), void* argument) {
  PyThreadState* tstate = ThreadStateOf(argument);
  if (!tstate) {
    PyErr_SetString(PyExc_RuntimeError, "can't start new thread: it is not one of the module _thread");
    return nullptr;
  }
  if (!CanSuspend()) {
    PyErr_SetString(PyExc_RuntimeError, blockon_can_suspend() ? kSynchronousEntry : kGateClosed);
    return nullptr;
  }
  Fiber* fiber = Fiber::New(FiberKind::kThread);
  if (!fiber) return nullptr;
  fiber->thread_body = body;
  fiber->thread_argument = argument;
  if (!fiber->TakeThreadState(tstate)) {
    Fiber::Delete(fiber);
    return nullptr;
  }
  if (!ScheduleThread(fiber)) {
    Fiber::Delete(fiber);
    PyErr_NoMemory();
    return nullptr;
  }
  return fiber;
}

uint32_t OsHandle(const Fiber* fiber) { return static_cast<uint32_t>(fiber->id()); }

const Fiber* CurrentThread() {
  const Fiber* fiber = Fiber::Current();
  return fiber && fiber->kind() == FiberKind::kThread ? fiber : nullptr;
}

}  // namespace

void RunThread(Fiber* fiber) {
  // There is nothing of the system's to join or to detach: pthread_join, which is a part of _thread's code in this build, would
  // say that it failed. _thread joins by its own event.
  ThreadHandle* handle = static_cast<BootState*>(fiber->thread_argument)->handle;
  if (handle->ident != ThreadIdent(fiber) || handle->os_handle != OsHandle(fiber) || handle->has_os_handle != 1) {
    _Py_FatalErrorFunc("blockon", "this build of CPython lays out the handles of threads otherwise than 3.14");
  }
  handle->has_os_handle = 0;
  fiber->EnterThread();
  fiber->thread_body(fiber->thread_argument);
  fiber->ExitThread();
}

}  // namespace blockon

using namespace blockon;

extern "C" {

// In place of PyThread_start_joinable_thread.
__attribute__((visibility("default"))) int blockon_start_joinable_thread(void (*body)(void*), void* argument,
                                                                         uint64_t* ident, uint32_t* handle) {
  Fiber* fiber = NewThread(body, argument);
  if (!fiber) {
    KeepStartError();
    return -1;
  }
  *ident = ThreadIdent(fiber);
  *handle = OsHandle(fiber);
  return 0;
}

// In place of PyErr_SetString where _thread says that a thread cannot be started.
__attribute__((visibility("default"))) void blockon_raise_thread_error(PyObject* type, const char* message) {
  if (!start_error) {
    PyErr_SetString(type, message);
    return;
  }
  PyErr_SetRaisedException(start_error);
  start_error = nullptr;
}

// In place of PyThread_get_thread_ident_ex and PyThread_get_thread_ident.
__attribute__((visibility("default"))) uint64_t blockon_thread_ident_ex() {
  const Fiber* thread = CurrentThread();
  return thread ? ThreadIdent(thread) : PyThread_get_thread_ident_ex();
}
__attribute__((visibility("default"))) uint32_t blockon_thread_ident() {
  return static_cast<uint32_t>(blockon_thread_ident_ex());
}

}  // extern "C"
