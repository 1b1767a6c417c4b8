// What is to happen at a time, the earliest first: the heap of the guest's timers, without its clock and its host.
//
// A timer is a member of what it belongs to; the heap allocates nothing but its array, which grows and is never given back. Of
// two timers that are due at the same time either may come first.
//
// Includes no standard library: the guest is compiled without one.
//
// Owner: whoever has the Timer, who must take it out before it goes away or moves.
#ifndef BLOCKON_JSPI_UTIL_TIMER_HEAP_H_
#define BLOCKON_JSPI_UTIL_TIMER_HEAP_H_

#include <stddef.h>
#include <stdint.h>

namespace blockon {

// Nanoseconds of the monotonic clock.
using Nanoseconds = int64_t;
constexpr Nanoseconds kNever = INT64_MAX;

struct Timer {
  Nanoseconds when = kNever;
  void (*fire)(Timer* timer) = nullptr;
  void* owner = nullptr;
  int index = -1;  // in the heap; -1 when it is not there

  bool pending() const { return index >= 0; }
};

// `kReallocate`: as realloc; null when there is no memory, and what was there is as it was.
template <void* (*kReallocate)(void* memory, size_t size)>
class TimerHeap {
 public:
  int size() const { return size_; }
  // The earliest; null when there is none.
  Timer* head() const { return size_ > 0 ? timers_[0] : nullptr; }

  // For a timer that is not pending. False, and nothing changes, when the array cannot grow.
  bool Add(Timer* timer, Nanoseconds when) {
    if (size_ == capacity_ && !Grow()) return false;
    timer->when = when;
    SiftUp(size_++, timer);
    return true;
  }

  // For a timer that is pending.
  void Remove(Timer* timer) {
    const int index = timer->index;
    timer->index = -1;
    Timer* last = timers_[--size_];
    if (last == timer) return;
    if (index > 0 && last->when < timers_[(index - 1) / 2]->when) {
      SiftUp(index, last);
    } else {
      SiftDown(index, last);
    }
  }

 private:
  bool Grow() {
    const int larger = capacity_ ? 2 * capacity_ : 64;
    auto** grown = static_cast<Timer**>(kReallocate(timers_, larger * sizeof(Timer*)));
    if (!grown) return false;
    timers_ = grown;
    capacity_ = larger;
    return true;
  }

  void Put(int index, Timer* timer) {
    timers_[index] = timer;
    timer->index = index;
  }

  void SiftUp(int index, Timer* timer) {
    while (index > 0) {
      const int parent = (index - 1) / 2;
      if (timers_[parent]->when <= timer->when) break;
      Put(index, timers_[parent]);
      index = parent;
    }
    Put(index, timer);
  }

  void SiftDown(int index, Timer* timer) {
    for (;;) {
      int child = 2 * index + 1;
      if (child >= size_) break;
      if (child + 1 < size_ && timers_[child + 1]->when < timers_[child]->when) child++;
      if (timer->when <= timers_[child]->when) break;
      Put(index, timers_[child]);
      index = child;
    }
    Put(index, timer);
  }

  // A binary heap: the children of i are 2i + 1 and 2i + 2, and none is due before its parent.
  Timer** timers_ = nullptr;
  int size_ = 0;
  int capacity_ = 0;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_UTIL_TIMER_HEAP_H_
