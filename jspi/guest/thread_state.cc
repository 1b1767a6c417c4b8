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

// The low byte of eval_breaker, which says what is pending; the rest is a version.
constexpr uint32_t kEvalBreakerEvents = 0xff;

template <typename T>
void Swap(T* one, T* two) {
  T kept = *one;
  *one = *two;
  *two = kept;
}

// One that has the thread dict (a reference, which is taken) and the threading.local of another. Null with an exception set.
PyThreadState* NewPartOfThread(ThreadStateLayout* thread, void* data_stack, PyRef* dict) {
  if (!HaveThreadingLocalKey(thread)) return nullptr;
  PyThreadState* made = PyThreadState_New(PyInterpreterState_Get());
  if (!made) {
    PyErr_NoMemory();
    return nullptr;
  }
  ThreadStateLayout* own = LayoutOf(made);
  UseDataStack(own, data_stack);
  own->dict = dict->Release();
  own->threading_local_key = NewReference(thread->threading_local_key);
  own->threading_local_sentinel = NewReference(thread->threading_local_sentinel);
  return made;
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
  PyRef context(PyContext_CopyCurrent());
  if (!context) return false;
  PyThreadState* made = NewPartOfThread(caller, data_stack, &dict);
  if (!made) return false;
  ThreadStateLayout* own = LayoutOf(made);
  own->context = context.Release();
  own->async_gen_firstiter = NewReference(caller->async_gen_firstiter);
  own->async_gen_finalizer = NewReference(caller->async_gen_finalizer);
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

bool TaskThreadState::Make(void* data_stack) {
  PyRef dict(NewReference(PyThreadState_GetDict()));
  if (!dict) {
    PyErr_NoMemory();
    return false;
  }
  own_ = NewPartOfThread(LayoutOf(PyThreadState_Get()), data_stack, &dict);
  return own_ != nullptr;
}

void TaskThreadState::EnterMade() { caller_ = PyThreadState_Swap(own_); }

void TaskThreadState::Discard() {
  Delete(own_);
  own_ = nullptr;
}

PyObject* TaskThreadState::context() const { return LayoutOf(own_)->context; }

void TaskThreadState::SetContext(PyObject* context) {
  const PyRef before(TakeContext());
  LayoutOf(own_)->context = context;
}

// With another version, since CPython keeps the values of variables by it.
PyObject* TaskThreadState::TakeContext() {
  ThreadStateLayout* own = LayoutOf(own_);
  PyObject* context = own->context;
  own->context = nullptr;
  own->context_version++;
  return context;
}

void TaskThreadState::SwapThread(TaskThreadState* other) {
  ThreadStateLayout* one = LayoutOf(own_);
  ThreadStateLayout* two = LayoutOf(other->own_);
  for (int i = 0; i < 4; i++) Swap(&one->profile_and_trace[i], &two->profile_and_trace[i]);
  Swap(&one->coroutine_origin_tracking_depth, &two->coroutine_origin_tracking_depth);
  Swap(&one->async_gen_firstiter, &two->async_gen_firstiter);
  Swap(&one->async_gen_finalizer, &two->async_gen_finalizer);
  Swap(&one->asyncio_running_loop, &two->asyncio_running_loop);
  Swap(&one->asyncio_running_task, &two->asyncio_running_task);
  // What is pending is the thread's, whoever runs. Bits that are set for nothing cost a look.
  two->eval_breaker |= one->eval_breaker & kEvalBreakerEvents;
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

void ClearThreadState(PyThreadState* tstate) {
  const auto* tasks = &LayoutOf(tstate)->asyncio_tasks;
  do PyThreadState_Clear(tstate);
  while (tasks->next != tasks);
}

bool ThreadStateIsAsExpected() {
  PyThreadState* current = PyThreadState_Get();
  const ThreadStateLayout* layout = LayoutOf(current);
  PyObject* dict = PyThreadState_GetDict();  // made by the first to ask
  const auto* tasks = &layout->asyncio_tasks;
  return layout->id == PyThreadState_GetID(current) && layout->exc_info == layout->exc_state &&
         layout->thread_id == PyThread_get_thread_ident() && layout->dict == dict && tasks->next->previous == tasks &&
         tasks->previous->next == tasks;
}

}  // namespace blockon
