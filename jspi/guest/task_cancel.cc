#include "task_cancel.h"

#include "asyncio_api.h"
#include "fiber.h"
#include "thread_state_layout.h"

namespace blockon {
namespace {

constinit MethodName name_cancel("cancel");
constinit MethodName name_must_cancel("_must_cancel");

// Where _asyncio.Task keeps the bit that its read-only attribute _must_cancel shows. Found by ProbeTask().
int bit_offset = -1;
uint8_t bit_mask = 0;

// 1, 0, or -1 with an exception set.
int MustCancel(PyObject* task) {
  PyRef value(PyObject_GetAttr(task, name_must_cancel.Get()));
  return value ? PyObject_IsTrue(value.get()) : -1;
}

// probe_task(task, size): `task` is one of asyncio's own class, not started, and goes away after this. Its cancellation changes a
// few of its bytes; the bit is the one with which the attribute goes back.
PyObject* ProbeTask(PyObject*, PyObject* arguments) {
  PyObject* task = nullptr;
  int size = 0;
  if (!PyArg_ParseTuple(arguments, "Oi:probe_task", &task, &size)) return nullptr;
  auto* bytes = reinterpret_cast<uint8_t*>(task);
  auto* before = static_cast<uint8_t*>(PyMem_RawMalloc(size));
  if (!before) return PyErr_NoMemory();
  for (int i = 0; i < size; i++) before[i] = bytes[i];
  PyRef cancelled(CallMethod(task, name_cancel));
  bool found = false;
  for (int i = sizeof(PyObject); cancelled && i < size && !found; i++) {
    for (int bit = 0; bit < 8 && !found; bit++) {
      const auto mask = static_cast<uint8_t>(1 << bit);
      if (!((bytes[i] ^ before[i]) & mask)) continue;
      bytes[i] ^= mask;
      found = MustCancel(task) == 0;
      bytes[i] ^= mask;
      bit_offset = i;
      bit_mask = mask;
    }
  }
  PyMem_RawFree(before);
  if (!cancelled || PyErr_Occurred()) return nullptr;
  if (!found) {
    bit_offset = -1;
    return PyErr_Format(PyExc_SystemError, "blockon: asyncio's Task keeps _must_cancel where it cannot be found");
  }
  return NewNone();
}

void TakeBackNote(PyObject* task) {
  if (bit_offset >= 0 && MustCancel(task) == 1) reinterpret_cast<uint8_t*>(task)[bit_offset] &= ~bit_mask;
}

bool IsInStepOf(const Fiber* fiber, PyObject* task) {
  if (LayoutOf(fiber->tstate().own())->asyncio_running_task == task) return true;
  for (const RunSyncFrame* frame = fiber->run_sync_frames; frame; frame = frame->previous) {
    if (frame->outer_task == task) return true;
  }
  return false;
}

// cancel_task(task, exception): for a task whose cancel() said yes.
PyObject* CancelTask(PyObject*, PyObject* arguments) {
  PyObject *task = nullptr, *exception = nullptr;
  if (!PyArg_ParseTuple(arguments, "OO:cancel_task", &task, &exception)) return nullptr;
  for (Fiber* fiber = Fiber::Youngest(); fiber; fiber = fiber->older()) {
    if (fiber->state() != FiberState::kSuspended) continue;
    for (const RunSyncFrame* frame = fiber->run_sync_frames; frame; frame = frame->previous) {
      // It awaits a promise for the task, whose future was cancelled just now.
      if (frame->task == task) fiber->WakeUp(Wake::kNotified);
    }
    if (!IsInStepOf(fiber, task)) continue;
    TakeBackNote(task);
    Py_IncRef(exception);
    fiber->Cancel(exception);
    break;
  }
  return NewNone();
}

}  // namespace

PyMethodDef task_cancel_methods[] = {
    {"probe_task", ProbeTask, METH_VARARGS,
     "probe_task(task, size)\n--\n\nLearn from a task how asyncio's are laid out."},
    {"cancel_task", CancelTask, METH_VARARGS,
     "cancel_task(task, exception)\n--\n\nRaise the exception where a step of the task waits, if one does."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace blockon
