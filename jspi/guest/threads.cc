#include "threads.h"

#include "engine_api.h"
#include "greenlet_thread.h"
#include "owner.h"
#include "parking_lot.h"
#include "run_sync.h"
#include "thread_state_layout.h"

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

constexpr unsigned long kNoThread = ~0UL;  // PYTHREAD_INVALID_THREAD_ID

constexpr char kSynchronousEntry[] =
    "can't start new thread: JavaScript called Python synchronously, which cannot be suspended, and so cannot wait for a thread. "
    "Call the function by callPromising()";
constexpr char kGateClosed[] =
    "can't start new thread: python_run_sync is not enabled for this Worker: add it to compatibility_flags in wrangler.toml";

// Null with an exception set.
Fiber* NewThread(void (*body)(void*), void* argument, PyThreadState* tstate) {
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

// sys._emscripten_info.pthreads: by that programs know whether threads can be started.
PyObject* TellPlatform(PyObject*, PyObject* info) {
  constexpr int32_t kPthreads = 2;
  PyRef before(PyObject_GetAttrString(info, "pthreads"));
  if (!before) return nullptr;
  if (PyTuple_GetItem(info, kPthreads) != before.get()) {
    PyErr_SetString(PyExc_RuntimeError, "sys._emscripten_info has its fields in another order than in CPython 3.14");
    return nullptr;
  }
  PyStructSequence_SetItem(info, kPthreads, NewBool(blockon_can_suspend()));  // what was there is immortal
  return NewNone();
}

uint32_t OsHandle(const Fiber* fiber) { return static_cast<uint32_t>(fiber->id()); }

const Fiber* CurrentThread() {
  const Fiber* fiber = Fiber::Current();
  return fiber ? fiber->thread() : nullptr;
}

// The thread state of a thread of C code. Null with an exception set.
PyThreadState* NewThreadState() {
  PyThreadState* tstate = PyThreadState_New(PyInterpreterState_Get());
  if (!tstate) PyErr_NoMemory();
  return tstate;
}

void DeleteThreadState(PyThreadState* tstate) {
  PyThreadState_Clear(tstate);
  PyThreadState_Delete(tstate);
}

Fiber* NewForeignThread(void (*body)(void*), void* argument) {
  PyThreadState* tstate = NewThreadState();
  if (!tstate) return nullptr;
  Fiber* fiber = NewThread(body, argument, tstate);
  if (!fiber) {
    const KeptException kept;
    DeleteThreadState(tstate);
    return nullptr;
  }
  LayoutOf(tstate)->thread_id = ThreadIdent(fiber);  // it was made by the starter
  fiber->is_foreign_thread = true;
  return fiber;
}

void RunForeignThread(Fiber* fiber) {
  PyThreadState* const tstate = fiber->tstate().own();
  fiber->EnterThread();
  // Attached once, it is what PyGILState_Ensure() finds.
  PyEval_RestoreThread(tstate);
  PyEval_SaveThread();
  fiber->thread_body(fiber->thread_argument);
  if (PyThreadState* left = PyThreadState_GetUnchecked(); !left) {
    PyEval_RestoreThread(tstate);
  } else if (left != tstate) {
    _Py_FatalErrorFunc("blockon", "a thread of C code ended with another thread state attached than its own");
  }
  EndGreenletsOfThread(fiber);
  ClearThreadState(tstate);
  PyThreadState_DeleteCurrent();
  fiber->ExitThread();
}

}  // namespace

PyMethodDef thread_methods[] = {
    {"tell_platform", TellPlatform, METH_O,
     "tell_platform(info)\n--\n\nHave sys._emscripten_info.pthreads say whether threads can be started."},
    {nullptr, nullptr, 0, nullptr},
};

void RunThread(Fiber* fiber) {
  if (fiber->is_foreign_thread) return RunForeignThread(fiber);
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
  PyThreadState* tstate = ThreadStateOf(argument);
  Fiber* fiber = tstate ? NewThread(body, argument, tstate) : NewForeignThread(body, argument);
  if (!fiber) {
    KeepStartError();
    return -1;
  }
  *ident = ThreadIdent(fiber);
  *handle = OsHandle(fiber);
  return 0;
}

// In place of PyThread_start_new_thread. It cannot raise: its callers know no more than that there is no thread.
__attribute__((visibility("default"))) unsigned long blockon_start_new_thread(void (*body)(void*), void* argument) {
  const AttachedThreadState attached;
  const KeptException kept;
  Fiber* fiber = NewForeignThread(body, argument);
  return fiber ? ThreadIdent(fiber) : kNoThread;
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
