#include "timers.h"

#include "engine_api.h"
#include "python_api.h"

namespace blockon {
namespace {

// A binary heap: the children of i are 2i + 1 and 2i + 2, and none is due before its parent.
Timer** heap = nullptr;
int size = 0;
int capacity = 0;
// When the host's timer is due.
Nanoseconds alarm = kNever;

void Put(int index, Timer* timer) {
  heap[index] = timer;
  timer->index = index;
}

void SiftUp(int index, Timer* timer) {
  while (index > 0) {
    const int parent = (index - 1) / 2;
    if (heap[parent]->when <= timer->when) break;
    Put(index, heap[parent]);
    index = parent;
  }
  Put(index, timer);
}

void SiftDown(int index, Timer* timer) {
  for (;;) {
    int child = 2 * index + 1;
    if (child >= size) break;
    if (child + 1 < size && heap[child + 1]->when < heap[child]->when) child++;
    if (timer->when <= heap[child]->when) break;
    Put(index, heap[child]);
    index = child;
  }
  Put(index, timer);
}

// The host's timer is left alone while it is due no later than the head: an early one finds nothing and is set again.
void SetAlarm(Nanoseconds now) {
  const Nanoseconds head = size > 0 ? heap[0]->when : kNever;
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
  if (size == capacity) {
    const int larger = capacity ? 2 * capacity : 64;
    auto** grown = static_cast<Timer**>(realloc(heap, larger * sizeof(Timer*)));
    if (!grown) {
      PyErr_NoMemory();
      return false;
    }
    heap = grown;
    capacity = larger;
  }
  timer->when = when;
  SiftUp(size++, timer);
  SetAlarm(Now());
  return true;
}

void RemoveTimer(Timer* timer) {
  if (!timer->pending()) return;
  const int index = timer->index;
  timer->index = -1;
  Timer* last = heap[--size];
  if (last != timer) {
    if (index > 0 && last->when < heap[(index - 1) / 2]->when) {
      SiftUp(index, last);
    } else {
      SiftDown(index, last);
    }
  }
  if (size == 0) SetAlarm(0);
}

void FireDueTimers() {
  if (size == 0) return;
  const Nanoseconds now = Now();
  while (size > 0 && heap[0]->when <= now) {
    Timer* timer = heap[0];
    RemoveTimer(timer);
    timer->fire(timer);
  }
  SetAlarm(now);
}

int PendingTimers() { return size; }

}  // namespace blockon

extern "C" __attribute__((visibility("default"))) void blockon_on_alarm() {
  blockon::alarm = blockon::kNever;
  blockon::FireDueTimers();
}
