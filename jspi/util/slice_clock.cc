#include "jspi/util/slice_clock.h"

#include <sys/prctl.h>

#include <algorithm>
#include <system_error>
#include <thread>
#include <utility>

namespace blockon {
namespace {

constexpr int kLooksInInterval = 4;
// Below that, looking would take more than what it cuts.
constexpr WatchedSlice::Duration kShortest = std::chrono::microseconds(25);
constexpr WatchedSlice::Duration kLongest = std::chrono::seconds(1);
constexpr WatchedSlice::Duration kShortestIdle = std::chrono::milliseconds(1);
// With nothing running: then the guest is left alone.
constexpr int kIdleLooks = 32;
// A slice that does not end, in a long call of C's or in an interpreter that is lost, is asked less and less often, and then no more:
// what is written stays written.
constexpr int kMostRefusals = 16;
constexpr int kMostDoublings = 6;
// By default Linux is up to 50 us late.
constexpr unsigned long kTimerSlackNanoseconds = 5000;

uint32_t Load(const uint32_t& word) { return __atomic_load_n(&word, __ATOMIC_SEQ_CST); }
void Store(uint32_t& word, uint32_t value) { __atomic_store_n(&word, value, __ATOMIC_SEQ_CST); }

}  // namespace

WatchedSlice::WatchedSlice(Place place) : place_(std::move(place)) { Restart(); }

void WatchedSlice::Restart() {
  looks_ = idle_ = refused_ = 0;
  turn_ = Load(place_.words->turn);
  Store(place_.words->watched, 1);
}

void WatchedSlice::Leave() { Store(place_.words->watched, 0); }

WatchedSlice::Duration WatchedSlice::Period() const {
  const Duration interval = std::chrono::microseconds(Load(*place_.interval));
  return std::clamp(interval / kLooksInInterval, kShortest, kLongest);
}

WatchedSlice::Duration WatchedSlice::Look() {
  const uint32_t turn = Load(place_.words->turn);
  if (turn != turn_) {
    turn_ = turn;
    looks_ = refused_ = 0;
  } else if (looks_ < kLooksInInterval) {
    looks_++;
  }
  return Load(place_.words->running) != 0 ? LookAtRunning() : LookAtIdle();
}

WatchedSlice::Duration WatchedSlice::LookAtRunning() {
  idle_ = 0;
  Store(place_.words->watched, 1);
  if (looks_ < kLooksInInterval) return Period();
  if (refused_ == kMostRefusals) {
    Store(place_.words->watched, 0);
    return Duration::zero();
  }
  uint32_t none = 0;  // A signal that is on its way goes first.
  __atomic_compare_exchange_n(place_.signal, &none, kSliceIsOver, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  Store(*place_.countdown, 0);
  return Period() * (1 << std::min(refused_++, kMostDoublings));
}

// The guest reads `watched` when something begins to run, with no barrier between. So it is taken back one look before the last: what
// began in the same moment is seen by that.
WatchedSlice::Duration WatchedSlice::LookAtIdle() {
  if (idle_ == kIdleLooks) return Duration::zero();
  if (++idle_ == kIdleLooks) Store(place_.words->watched, 0);
  return std::max(Period(), kShortestIdle);
}

// Never destroyed: its thread runs until the process ends.
SliceClock& SliceClock::Get() {
  static auto* const clock = new SliceClock;
  return *clock;
}

bool SliceClock::Watch(const void* owner, WatchedSlice::Place place) {
  const std::lock_guard lock(mutex_);
  if (!has_thread_) {
    try {
      std::thread([this] { Work(); }).detach();
    } catch (const std::system_error&) {
      return false;
    }
    has_thread_ = true;
  }
  std::erase_if(entries_, [&](const Entry& entry) { return entry.slice.memory() == place.memory.get(); });
  entries_.push_back({owner, WatchedSlice(std::move(place)), std::chrono::steady_clock::now()});
  changed_.notify_one();
  return true;
}

void SliceClock::Forget(const void* owner) {
  const std::lock_guard lock(mutex_);
  std::erase_if(entries_, [owner](Entry& entry) {
    if (entry.owner == owner) entry.slice.Leave();
    return entry.owner == owner;
  });
}

int SliceClock::watched() {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(entries_.size());
}

void SliceClock::Work() {
  prctl(PR_SET_NAME, "blockon slices");
  prctl(PR_SET_TIMERSLACK, kTimerSlackNanoseconds);
  std::unique_lock lock(mutex_);
  while (true) {
    const auto now = std::chrono::steady_clock::now();
    auto next = std::chrono::steady_clock::time_point::max();
    for (size_t i = 0; i < entries_.size();) {
      Entry& entry = entries_[i];
      if (entry.next <= now) {
        const auto wait = entry.slice.Look();
        if (wait == WatchedSlice::Duration::zero()) {
          entries_.erase(entries_.begin() + static_cast<ptrdiff_t>(i));
          continue;
        }
        entry.next = now + wait;
      }
      next = std::min(next, entry.next);
      i++;
    }
    if (entries_.empty()) {
      changed_.wait(lock);
    } else {
      changed_.wait_until(lock, next);
    }
  }
}

}  // namespace blockon
