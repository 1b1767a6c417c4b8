#include "interval_timer.h"

#include "fiber.h"
#include "interruption.h"
#include "timers.h"

namespace blockon {
namespace {

constexpr int kAlarmSignal = 14;  // SIGALRM of Emscripten's C library
// One that runs out more often than it is looked at would keep those who look.
constexpr Nanoseconds kLeastInterval = 1000;
constexpr double kMostSeconds = 9e9;

Timer timer;
Nanoseconds interval = 0;
int fiber_id = 0;

void OnRunOut(Timer*) {
  GiveSignal(fiber_id, kAlarmSignal);
  if (interval == 0) return;
  const Nanoseconds next = timer.when + interval;
  const Nanoseconds soonest = Now() + kLeastInterval;
  // There is room for it: it has just been taken out.
  AddTimer(&timer, next > soonest ? next : soonest);
}

double Seconds(Nanoseconds duration) { return static_cast<double>(duration) / 1e9; }

Nanoseconds Duration(double seconds) {
  return static_cast<Nanoseconds>((seconds < kMostSeconds ? seconds : kMostSeconds) * 1e9);
}

// (seconds left, interval)
PyObject* State() {
  Nanoseconds left = 0;
  if (timer.pending()) {
    left = timer.when - Now();
    if (left < kLeastInterval) left = kLeastInterval;  // not nothing: it is set
  }
  return Py_BuildValue("(dd)", Seconds(left), Seconds(interval));
}

// set_interval_timer(seconds, interval)
PyObject* Set(PyObject*, PyObject* arguments) {
  double seconds = 0;
  double every = 0;
  if (!PyArg_ParseTuple(arguments, "dd:set_interval_timer", &seconds, &every)) return nullptr;
  if (!(seconds >= 0) || !(every >= 0)) {
    PyErr_SetString(PyExc_ValueError, "set_interval_timer() takes no negative times");
    return nullptr;
  }
  PyRef before(State());
  if (!before) return nullptr;
  if (timer.pending()) RemoveTimer(&timer);
  const Fiber* fiber = Fiber::Current();
  fiber_id = fiber ? fiber->id() : 0;
  interval = seconds > 0 ? Duration(every) : 0;
  if (seconds > 0) {
    timer.fire = OnRunOut;
    if (!AddTimer(&timer, Now() + Duration(seconds))) return nullptr;
    PollDeadlines();
  }
  return before.Release();
}

PyObject* Get(PyObject*, PyObject*) { return State(); }

}  // namespace

PyMethodDef interval_timer_methods[] = {
    {"set_interval_timer", Set, METH_VARARGS,
     "set_interval_timer(seconds, interval)\n--\n\nRaise SIGALRM after so many seconds (none for 0), and again after each interval that is\n"
     "not 0. Return what was left, and the interval, of the one before."},
    {"get_interval_timer", Get, METH_NOARGS,
     "get_interval_timer()\n--\n\nReturn the seconds that are left, 0.0 when it is not set, and the interval."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace blockon
