// The slice clock: tells guests that the fiber which runs has held up the host's event loop for a switch interval.
//
//   guest, isolate's thread                        clock, a thread of the process
//     turn++, running = 1   ------------------->     looks four times in an interval
//     Python code, which counts down and finds
//     the signal kSliceIsOver  <----------------     the same turn for an interval: countdown = 0, signal = kSliceIsOver
//     gives way, running = 0
//
// A thread of its own, since nothing of the isolate's runs while a fiber computes, and since asking a clock in the evaluation loop
// would cost what these looks do not. One serves all interpreters of the process; it sleeps while none has such a fiber.
// CPython polls both words in any case, so that what is told costs the guest nothing before it is told.
//
// Thread-safe. V8-free.
#ifndef BLOCKON_JSPI_UTIL_SLICE_CLOCK_H_
#define BLOCKON_JSPI_UTIL_SLICE_CLOCK_H_

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "jspi/util/slice_words.h"

namespace blockon {

// One guest's words, and what is known of them from the looks before.
class WatchedSlice {
 public:
  using Duration = std::chrono::nanoseconds;

  // The pointers are into `memory`, which it keeps.
  struct Place {
    std::shared_ptr<void> memory;
    SliceWords* words;
    const uint32_t* interval;
    uint32_t* countdown;
    uint32_t* signal;
  };
  explicit WatchedSlice(Place place);

  const void* memory() const { return place_.memory.get(); }
  // Told by the guest that it has something to watch.
  void Restart();
  // The guest is to ask again.
  void Leave();
  // Looks, and tells when the slice is over. The time until the next look; zero when there was nothing for long.
  Duration Look();

 private:
  Duration Period() const;
  Duration LookAtRunning();
  Duration LookAtIdle();

  Place place_;
  uint32_t turn_ = 0;
  int looks_ = 0;    // at the same turn
  int idle_ = 0;     // with nothing running
  int refused_ = 0;  // that told that it is over, to no effect
};

class SliceClock {
 public:
  static SliceClock& Get();

  // Looks at the place from now on, until it is idle or Forget(owner). What was watched in its memory before is dropped: an interpreter has one
  // place, and all guests of the process wait for who names many. False when the system has no thread for it.
  bool Watch(const void* owner, WatchedSlice::Place place);
  // After it, nothing of the owner's is looked at, written to or kept: its guests are to ask again.
  void Forget(const void* owner);
  // How many guests are looked at.
  int watched();

 private:
  struct Entry {
    const void* owner;
    WatchedSlice slice;
    std::chrono::steady_clock::time_point next;
  };

  void Work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Entry> entries_;
  bool has_thread_ = false;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_UTIL_SLICE_CLOCK_H_
