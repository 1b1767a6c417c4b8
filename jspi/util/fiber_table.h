// An interpreter's fibers by their ids: states, counts, and who each is.
//
// Every transition is checked, in release builds too:
//  1. A fiber changes state only along the arrows of fiber_state.h.
//  2. An id names at most one fiber that is not Done; ids are > 0.
//  3. At most one fiber is Running or Resuming.
//  4. No fiber is made where as many are live as its maker allows.
//
// Its array grows and is never given back; only New() allocates. Includes no standard library: the guest is compiled without one.
//
// Owner: the guest (jspi/guest/fiber.cc), in linear memory. No pointer to a fiber is followed here.
#ifndef BLOCKON_JSPI_UTIL_FIBER_TABLE_H_
#define BLOCKON_JSPI_UTIL_FIBER_TABLE_H_

#include <stddef.h>

#include "jspi/util/fiber_counts.h"
#include "jspi/util/fiber_state.h"

namespace blockon {

class Fiber;

// `kReallocate`: as realloc; null when there is no memory, and what was there is as it was.
template <void* (*kReallocate)(void* memory, size_t size)>
class FiberTable {
 public:
  // A new id in state Fresh. 0, and nothing changes, where `limit` fibers are live, or where there is no memory. An id comes back only
  // after its fiber is Done; the ones freed longest ago come first, so that a stale id is noticed.
  int New(Fiber* fiber, int limit) {
    if (counts_.live >= limit) return 0;
    int id = first_free_;
    if (id != 0) {
      first_free_ = entries_[id].next_free;
      if (first_free_ == 0) last_free_ = 0;
    } else {
      if (size_ >= capacity_ && !Grow()) return 0;
      id = size_++;
    }
    entries_[id] = {fiber, 0, FiberState::kFresh};
    counts_.by_state[static_cast<int>(FiberState::kFresh)]++;
    counts_.created++;
    counts_.live++;
    if (counts_.live > counts_.peak) counts_.peak = counts_.live;
    return id;
  }

  // False, and nothing changes, when the id is unknown or the transition breaks invariant 1 or 3.
  bool Transition(int id, FiberState to) {
    const FiberState from = StateOf(id);
    if (!IsLegalTransition(from, to)) return false;
    const bool takes_over = to == FiberState::kRunning || to == FiberState::kResuming;
    if (takes_over && current_ != 0 && current_ != id) return false;
    entries_[id].state = to;
    counts_.by_state[static_cast<int>(from)]--;
    if (takes_over) {
      current_ = id;
    } else if (current_ == id) {
      current_ = 0;
    }
    if (to == FiberState::kDone) {
      Free(id);
    } else {
      counts_.by_state[static_cast<int>(to)]++;
    }
    return true;
  }

  // Null for an id that names no live fiber.
  Fiber* Find(int id) const { return IsKnown(id) ? entries_[id].fiber : nullptr; }
  // kDone for such an id.
  FiberState StateOf(int id) const { return IsKnown(id) ? entries_[id].state : FiberState::kDone; }

  // The fiber that is Running or Resuming, 0 for none.
  int current() const { return current_; }
  const FiberCounts& counts() const { return counts_; }

 private:
  struct Entry {
    Fiber* fiber;
    int next_free;
    FiberState state;
  };

  bool IsKnown(int id) const { return id > 0 && id < size_; }

  bool Grow() {
    const int larger = capacity_ ? 2 * capacity_ : 64;
    auto* grown = static_cast<Entry*>(kReallocate(entries_, larger * sizeof(Entry)));
    if (!grown) return false;
    entries_ = grown;
    capacity_ = larger;
    return true;
  }

  void Free(int id) {
    counts_.live--;
    entries_[id].fiber = nullptr;
    if (last_free_ != 0) {
      entries_[last_free_].next_free = id;
    } else {
      first_free_ = id;
    }
    last_free_ = id;
  }

  FiberCounts counts_;
  int current_ = 0;
  // By id, of which 0 is no fiber's. Ids that are free are linked in the order in which they were freed.
  Entry* entries_ = nullptr;
  int size_ = 1;
  int capacity_ = 0;
  int first_free_ = 0;
  int last_free_ = 0;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_UTIL_FIBER_TABLE_H_
