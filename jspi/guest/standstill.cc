#include "standstill.h"

#include "event_loop.h"
#include "fiber.h"
#include "time_slices.h"
#include "timers.h"

namespace blockon {
namespace {

// One that is suspended by a switch does not: the greenlet that it switched to does, or it is for nobody to go on with.
bool Waits(const Fiber* fiber) {
  return fiber->state() == FiberState::kSuspended && fiber->woken_by() == Wake::kNone && !fiber->switched_out();
}

PyObject* GetStandstill(PyObject*, PyObject*) { return PyLong_FromLong(Standstill()); }

// (id, call, number of its wait, whether the wait can raise)
PyObject* DescribeWait(const Fiber* fiber) {
  PyRef tuple(PyTuple_New(4));
  if (!tuple) return nullptr;
  const long numbers[] = {fiber->id(), static_cast<long>(fiber->call()), static_cast<long>(fiber->wait_number()),
                          !fiber->cannot_raise && !fiber->has_exception()};
  for (int i = 0; i < 4; i++) {
    PyObject* number = PyLong_FromLong(numbers[i]);
    if (!number || PyTuple_SetItem(tuple.get(), i, number) != 0) return nullptr;
  }
  return tuple.Release();
}

PyObject* GetWaits(PyObject*, PyObject*) {
  PyRef list(PyList_New(0));
  if (!list) return nullptr;
  for (Fiber* fiber = Fiber::Youngest(); fiber; fiber = fiber->older()) {
    if (!Waits(fiber)) continue;
    PyRef wait(DescribeWait(fiber));
    if (!wait || PyList_Append(list.get(), wait.get()) != 0) return nullptr;
  }
  return list.Release();
}

// What came of it: blockon._deadlock.end. What goes wrong here has nobody to go to but stderr.
long EndDeadlock(int locks_only) {
  PyRef module(PyImport_ImportModule("blockon._deadlock"));
  PyRef end(module ? PyObject_GetAttrString(module.get(), "end") : nullptr);
  PyRef argument(end ? PyLong_FromLong(locks_only) : nullptr);
  PyObject* arguments[] = {argument.get()};
  PyRef answer(argument ? PyObject_Vectorcall(end.get(), arguments, 1, nullptr) : nullptr);
  if (!answer) {
    PyErr_Print();
    return 0;
  }
  return PyLong_AsLong(answer.get());
}

}  // namespace

int Standstill() {
  if (Fiber::counts().live == 0 || ReadyHandles() > 0 || PendingTimers() > 0 || PreemptedFibers() > 0) return -1;
  bool some_wait = false;
  for (const Fiber* fiber = Fiber::Youngest(); fiber; fiber = fiber->older()) {
    if (fiber->switched_out()) continue;
    if (!Waits(fiber)) return -1;
    some_wait = true;
  }
  if (!some_wait || Fiber::successor()) return -1;
  return static_cast<int>(Fiber::switches() & INT32_MAX);
}

PyMethodDef standstill_methods[] = {
    {"standstill", GetStandstill, METH_NOARGS,
     "standstill()\n--\n\nReturn -1 unless all fibers wait, no callback is ready and no timer set; else a number that stays the "
     "same until a\nfiber goes on."},
    {"waits", GetWaits, METH_NOARGS,
     "waits()\n--\n\nReturn a tuple for each fiber that waits: its id, the number of the call that it runs, the number of its "
     "wait,\n1 if an exception can be raised there."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace blockon

// The host's event loop is empty and the process is about to end. 1 when the loop is to turn once more, to see whether somebody
// else begins something in this moment; 2 when a fiber was given an exception, 3 when that one runs a call that began after the
// last time; else 0. `locks_only`: a fiber that waits for a future or for JavaScript is not given one, as that may be another
// interpreter's to bring.
extern "C" __attribute__((visibility("default"))) int blockon_before_exit(int locks_only) {
  static int seen = -1;
  const int now = blockon::Standstill();
  if (now < 0) return 0;
  if (now == seen) return static_cast<int>(blockon::EndDeadlock(locks_only));
  seen = now;
  return 1;
}
