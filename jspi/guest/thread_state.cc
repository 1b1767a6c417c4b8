#include "thread_state.h"

#include "asyncio_api.h"
#include "thread_state_layout.h"

namespace blockon {
namespace {

// threading.local makes its key at its first use in a thread, and all tasks have to share one.
bool HaveThreadingLocalKey(ThreadStateLayout* caller) {
  if (caller->threading_local_key) return true;
  PyRef threading(PyImport_ImportModule("threading"));
  if (!threading) return false;
  PyRef type(PyObject_GetAttrString(threading.get(), "local"));
  if (!type) return false;
  PyRef local(PyObject_Vectorcall(type.get(), nullptr, 0, nullptr));
  if (!local) return false;
  PyRef used(PyObject_GetAttrString(local.get(), "__dict__"));
  return static_cast<bool>(used);
}

// CPython skips the first word of the first piece, by which it knows that this one is not to be freed.
void UseDataStack(ThreadStateLayout* tstate, void* memory) {
  auto* chunk = static_cast<DataStackChunk*>(memory);
  chunk->previous = nullptr;
  chunk->size = kDataStackSize;
  chunk->top = 0;
  tstate->datastack_chunk = chunk;
  tstate->datastack_top = &chunk->data[1];
  tstate->datastack_limit = reinterpret_cast<PyObject**>(reinterpret_cast<char*>(memory) + kDataStackSize);
}

void Delete(PyThreadState* tstate) {
  PyThreadState_Clear(tstate);
  ThreadStateLayout* layout = LayoutOf(tstate);
  if (layout->datastack_chunk->previous) {
    _Py_FatalErrorFunc("blockon", "a task ended with Python frames on its stack");
  }
  layout->datastack_chunk = nullptr;
  layout->datastack_top = nullptr;
  layout->datastack_limit = nullptr;
  PyThreadState_Delete(tstate);
}

}  // namespace

bool TaskThreadState::Enter(void* data_stack) {
  PyThreadState* current = PyThreadState_Get();
  ThreadStateLayout* caller = LayoutOf(current);
  PyRef loop(NewReference(caller->asyncio_running_loop));
  if (!loop) {
    loop.Reset(GetEventLoop());
    if (!loop) PyErr_Clear();  // there is none to inherit
  }
  PyRef dict(NewReference(PyThreadState_GetDict()));  // made at the first use
  if (!HaveThreadingLocalKey(caller)) return false;
  PyRef context(PyContext_CopyCurrent());
  if (!context) return false;
  PyThreadState* made = PyThreadState_New(PyInterpreterState_Get());
  if (!made) {
    PyErr_NoMemory();
    return false;
  }
  ThreadStateLayout* own = LayoutOf(made);
  UseDataStack(own, data_stack);
  own->context = context.Release();
  own->dict = dict.Release();
  own->async_gen_firstiter = NewReference(caller->async_gen_firstiter);
  own->async_gen_finalizer = NewReference(caller->async_gen_finalizer);
  own->threading_local_key = NewReference(caller->threading_local_key);
  own->threading_local_sentinel = NewReference(caller->threading_local_sentinel);
  own->asyncio_running_loop = loop.Release();
  own_ = made;
  caller_ = PyThreadState_Swap(own_);
  return true;
}

void TaskThreadState::Exit() {
  PyThreadState_Swap(caller_);
  caller_ = nullptr;
  Delete(own_);
  own_ = nullptr;
}

void TaskThreadState::EnterThread() { caller_ = PyEval_SaveThread(); }

void TaskThreadState::ExitThread() {
  own_ = nullptr;
  PyEval_RestoreThread(caller_);
  caller_ = nullptr;
}

bool TaskThreadState::Detach() {
  attached_ = PyThreadState_Swap(caller_);
  caller_ = nullptr;
  return attached_ != nullptr;
}

void TaskThreadState::Attach() { caller_ = PyThreadState_Swap(attached_); }

bool ThreadStateIsAsExpected() {
  PyThreadState* current = PyThreadState_Get();
  const ThreadStateLayout* layout = LayoutOf(current);
  PyObject* dict = PyThreadState_GetDict();  // made by the first to ask
  return layout->id == PyThreadState_GetID(current) && layout->exc_info == layout->exc_state &&
         layout->thread_id == PyThread_get_thread_ident() && layout->dict == dict;
}

}  // namespace blockon
