#include "timers.h"

#include "engine_api.h"
#include "python_api.h"

namespace blockon {
namespace {

constinit TimerHeap<PyMem_RawRealloc> heap;
// When the host's timer is due.
Nanoseconds alarm = kNever;

// The host's timer is left alone while it is due no later than the head: an early one finds nothing and is set again.
void SetAlarm(Nanoseconds now) {
  const Nanoseconds head = heap.head() ? heap.head()->when : kNever;
  if (head == kNever) {
    if (alarm != kNever) blockon_set_alarm(-1);
    alarm = kNever;
  } else if (head < alarm) {
    alarm = head;
    blockon_set_alarm(head <= now ? 0 : static_cast<double>(head - now) / 1e6);
  }
}

}  // namespace

Nanoseconds Now() {
  Nanoseconds now = 0;
  PyTime_MonotonicRaw(&now);
  return now;
}

Nanoseconds DeadlineAfter(Nanoseconds timeout) {
  const Nanoseconds now = Now();
  return timeout < 0 || timeout >= kNever - now ? kNever : now + timeout;
}

bool AddTimer(Timer* timer, Nanoseconds when) {
  if (!heap.Add(timer, when)) {
    PyErr_NoMemory();
    return false;
  }
  SetAlarm(Now());
  return true;
}

void RemoveTimer(Timer* timer) {
  if (!timer->pending()) return;
  heap.Remove(timer);
  if (heap.size() == 0) SetAlarm(0);
}

void FireDueTimers() {
  if (heap.size() == 0) return;
  const Nanoseconds now = Now();
  while (heap.head() && heap.head()->when <= now) {
    Timer* timer = heap.head();
    RemoveTimer(timer);
    timer->fire(timer);
  }
  SetAlarm(now);
}

int PendingTimers() { return heap.size(); }

}  // namespace blockon

extern "C" __attribute__((visibility("default"))) void blockon_on_alarm() {
  blockon::alarm = blockon::kNever;
  blockon::FireDueTimers();
}
