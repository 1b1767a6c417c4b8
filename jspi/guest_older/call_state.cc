// What a call of Python 3.13 has of its own and takes along when it waits: thread state, running event loop, current task. In place of Pyodide's
// captureThreadState and restoreThreadState (patches/0.28.3/routes.txt).
//
//      a call                                   the event loop
//      | thread state A: frames, error          |
//      |---- blockon_leave_call() ------------->| thread state B, of those to spare
//      |                                        | ... other calls
//      |<--- blockon_enter_call() --------------| B is to spare again
//      v
//
// Upstream asks asyncio for the loop, which is Python code. CPython looks for signals in it, and whoever answers one may wait or raise: in the midst of the
// switch, with a frame of JavaScript below. So
//
//   1 no Python code runs between a call's decision to wait and its going on, as far as it is ours; and destructors run when the switch is over
//   2 a call's thread state is its own from its begin to its end
//   3 what others find while it waits is the event loop's: the loop that Pyodide started, and no current task
//
// Rejected: a new thread state for each wait, and none to spare: each would take CPython's frames a new piece of memory.
//
// Called by the glue, on the call's stack (leave: before it is suspended; enter: after it is resumed).
#include "jspi/guest_older/call_state.h"

extern "C" {

// As the glue keeps it between the two.
struct BlockonLeftCall {
  PyThreadState* thread_state;  // which has the running loop
  PyObject* task;               // null: none
  PyObject* loop;               // the task's
};

}  // extern "C"

namespace blockon {
namespace {

// Functions of _asyncio's, and the loop that runs for all; null until they are told.
PyObject* get_running_loop = nullptr;
PyObject* set_running_loop = nullptr;
PyObject* swap_current_task = nullptr;
PyObject* common_loop = nullptr;

constexpr int kMostSpare = 16;
PyThreadState* spare[kMostSpare];
int spares = 0;

PyThreadState* TakeSpare() {
  if (spares > 0) return spare[--spares];
  PyThreadState* made = PyThreadState_New(PyInterpreterState_Get());
  if (!made) PyErr_NoMemory();
  return made;
}

void GiveSpare(PyThreadState* state) {
  if (spares < kMostSpare) {
    spare[spares++] = state;
    return;
  }
  PyThreadState_Clear(state);
  PyThreadState_Delete(state);
}

// False with an exception set.
bool SetRunningLoop(PyObject* loop) {
  PyRef set(PyObject_CallOneArg(set_running_loop, loop));
  return static_cast<bool>(set);
}

// The one that was current; null with an exception set.
PyObject* SwapCurrentTask(PyObject* loop, PyObject* task) {
  PyObject* const arguments[] = {loop, task};
  return PyObject_Vectorcall(swap_current_task, arguments, 2, nullptr);
}

// No task of the running loop's is current any more. False with an exception set.
bool TakeTask(BlockonLeftCall* left) {
  if (!get_running_loop) return true;
  PyRef loop(PyObject_Vectorcall(get_running_loop, nullptr, 0, nullptr));
  if (!loop) return false;
  if (loop.get() == Py_None) return true;
  PyRef task(SwapCurrentTask(loop.get(), Py_None));
  if (!task) return false;
  if (task.get() == Py_None) return true;
  left->task = task.Release();
  left->loop = loop.Release();
  return true;
}

// It is again. With an exception set where that cannot be done, which is then what the wait raises.
void GiveTask(BlockonLeftCall* left) {
  if (!left->task) return;
  PyRef before(SwapCurrentTask(left->loop, left->task));
  Py_DecRef(left->loop);
  Py_DecRef(left->task);
}

// Attaches the state in which others go on. False with an exception set, and the call's own attached.
bool Leave(BlockonLeftCall* left, PyThreadState* others) {
  left->thread_state = PyThreadState_Swap(others);
  // CPython has the running loop in the thread state, and who had this one before may have changed it.
  if (!set_running_loop || SetRunningLoop(common_loop)) return true;
  PyRef raised(PyErr_GetRaisedException());
  PyThreadState_Swap(left->thread_state);
  PyErr_SetRaisedException(raised.Release());
  return false;
}

}  // namespace

PyObject* SetAsyncio(PyObject*, PyObject* functions) {
  PyObject** const places[] = {&get_running_loop, &set_running_loop, &swap_current_task, &common_loop};
  for (int index = 0; index < 4; index++) {
    PyObject* function = PyTuple_GetItem(functions, index);
    if (!function) return nullptr;
    SetReference(places[index], function);
  }
  return NewNone();
}

}  // namespace blockon

extern "C" __attribute__((visibility("default"))) BlockonLeftCall* blockon_leave_call() {
  using namespace blockon;
  auto* left = static_cast<BlockonLeftCall*>(PyMem_RawMalloc(sizeof(BlockonLeftCall)));
  if (!left) {
    PyErr_NoMemory();
    return nullptr;
  }
  *left = {nullptr, nullptr, nullptr};
  PyThreadState* others = TakeSpare();
  if (others && TakeTask(left) && Leave(left, others)) return left;
  {
    KeptException why;
    GiveTask(left);
    if (others) GiveSpare(others);
  }
  PyMem_RawFree(left);
  return nullptr;
}

extern "C" __attribute__((visibility("default"))) void blockon_enter_call(BlockonLeftCall* left) {
  using namespace blockon;
  PyThreadState* others = PyThreadState_Swap(left->thread_state);
  GiveTask(left);
  PyMem_RawFree(left);
  GiveSpare(others);
}
