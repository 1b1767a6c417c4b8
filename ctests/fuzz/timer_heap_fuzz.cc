// The heap of timers beside a model that keeps them in a multimap by time.
//
// Each step adds a timer, with or without memory to grow, takes one out, or fires what is due. The head has to be one of the
// earliest, a timer that found no memory has to be out, and nothing else may have changed.
#include <array>
#include <memory>
#include <set>
#include <utility>

#include "byte_source.h"
#include "jspi/util/timer_heap.h"

namespace blockon {
namespace {

// The array of the one heap that lives, so that its end can be bounded by the address sanitizer and it is freed.
std::unique_ptr<uint8_t[]> array;
size_t array_size = 0;
bool out_of_memory = false;

void* Reallocate(void* memory, size_t size) {
  FUZZ_CHECK(memory == array.get());
  if (out_of_memory) return nullptr;
  auto grown = std::make_unique<uint8_t[]>(size);
  for (size_t i = 0; i < array_size; i++) grown[i] = array[i];
  array = std::move(grown);
  array_size = size;
  return array.get();
}

// Twice its array's first size and more, so that it grows twice.
constexpr int kTimers = 160;
constexpr int kFirstCapacity = 64;

class Model {
 public:
  // A fresh heap has no array.
  Model() {
    array.reset();
    array_size = 0;
  }

  void Add(int number, Nanoseconds when, bool without_memory) {
    Timer* timer = &timers_[number];
    if (timer->pending()) return;
    out_of_memory = without_memory;
    const bool added = heap_.Add(timer, when);
    out_of_memory = false;
    const size_t full = array_size / sizeof(Timer*);
    FUZZ_CHECK(added || (without_memory && pending_.size() == full));
    FUZZ_CHECK(timer->pending() == added);
    if (added) pending_.emplace(when, timer);
  }

  void Remove(int number) {
    Timer* timer = &timers_[number];
    if (!timer->pending()) return;
    FUZZ_CHECK(pending_.erase({timer->when, timer}) == 1);
    heap_.Remove(timer);
    FUZZ_CHECK(!timer->pending());
  }

  // As FireDueTimers() does.
  void FireUntil(Nanoseconds now) {
    Nanoseconds last = INT64_MIN;
    while (heap_.head() && heap_.head()->when <= now) {
      Timer* timer = heap_.head();
      FUZZ_CHECK(timer->when >= last);
      last = timer->when;
      Remove(static_cast<int>(timer - timers_.data()));
    }
    FUZZ_CHECK(pending_.empty() || pending_.begin()->first > now);
  }

  void Check() const {
    FUZZ_CHECK(heap_.size() == static_cast<int>(pending_.size()));
    FUZZ_CHECK((heap_.head() == nullptr) == pending_.empty());
    if (heap_.head()) FUZZ_CHECK(heap_.head()->when == pending_.begin()->first);
    std::set<int> places;
    for (const auto& [when, timer] : pending_) {
      FUZZ_CHECK(timer->when == when);
      FUZZ_CHECK(timer->index >= 0 && timer->index < heap_.size());
      FUZZ_CHECK(places.insert(timer->index).second);
    }
  }

 private:
  TimerHeap<Reallocate> heap_;
  std::array<Timer, kTimers> timers_;
  std::set<std::pair<Nanoseconds, Timer*>> pending_;
};

}  // namespace
}  // namespace blockon

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using blockon::Nanoseconds;
  blockon::ByteSource bytes(data, size);
  blockon::Model model;
  // Some inputs begin where the array is full, which is far from an empty heap.
  if (bytes.Byte() & 1) {
    for (int i = 0; i < blockon::kFirstCapacity; i++) model.Add(i, bytes.Byte(), false);
  }
  while (!bytes.empty()) {
    const int step = bytes.Below(8);
    const int number = bytes.Below(blockon::kTimers);
    // Few times, so that many are equal; the ends of the clock among them.
    const int time = bytes.Below(32);
    const Nanoseconds when = time == 0 ? INT64_MIN : time == 31 ? blockon::kNever : time;
    if (step < 4) {
      model.Add(number, when, step == 0);
    } else if (step < 7) {
      model.Remove(number);
    } else {
      model.FireUntil(time);
    }
    model.Check();
  }
  return 0;
}
