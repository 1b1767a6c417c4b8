// The engine's half of the fibers: ids, states, counts. Free of V8 and of threads.
//
// Owner: one FiberHost (jspi/engine) per realm; used on that isolate's thread only.
//
// Every transition is checked, in release builds too:
//  1. A fiber changes state only along the arrows of fiber_state.h.
//  2. An id names at most one fiber that is not Done; ids are > 0.
//  3. At most one fiber is Running or Resuming.
//  4. No more fibers than the limit are live, but for those that were asked for beyond it.
#ifndef BLOCKON_JSPI_UTIL_FIBER_TABLE_H_
#define BLOCKON_JSPI_UTIL_FIBER_TABLE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "jspi/util/fiber_state.h"

namespace blockon {

const char* FiberStateName(FiberState state);

class FiberTable {
 public:
  static constexpr int kDefaultLimit = 20000;

  explicit FiberTable(int limit = kDefaultLimit) : limit_(limit) {}

  // A new id in state Fresh, or 0 at the limit; `beyond_limit` is for the few that let others end. An id comes back only after
  // its fiber is Done; the ones freed longest ago come first, so that a stale id is noticed.
  int New(bool beyond_limit = false);

  // False, and nothing changes, when the id is unknown or the transition breaks invariant 1 or 3.
  bool Transition(int id, FiberState to);

  // Whether the id names a live fiber.
  bool IsLive(int id) const;
  // kDone for an id that names none.
  FiberState StateOf(int id) const;

  int limit() const { return limit_; }
  int live() const { return live_; }
  int peak() const { return peak_; }
  int64_t created() const { return created_; }
  // The fiber that is Running or Resuming, 0 for none.
  int current() const { return current_; }
  const std::array<int, kFiberStateCount>& by_state() const { return by_state_; }

 private:
  int limit_;
  int live_ = 0;
  int peak_ = 0;
  int64_t created_ = 0;
  int current_ = 0;
  std::array<int, kFiberStateCount> by_state_{};       // Done is not counted: it stays 0
  std::vector<FiberState> states_{FiberState::kDone};  // by id; 0 is no fiber
  std::vector<int> free_;                              // a queue from free_head_ on
  std::size_t free_head_ = 0;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_UTIL_FIBER_TABLE_H_
