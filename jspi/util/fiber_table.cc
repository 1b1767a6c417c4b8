#include "jspi/util/fiber_table.h"

#include <algorithm>

namespace blockon {

const char* FiberStateName(FiberState state) {
  static constexpr const char* kNames[kFiberStateCount] = {"Fresh", "Running", "Suspended", "Resuming", "Done"};
  const auto index = static_cast<size_t>(state);
  return index < kFiberStateCount ? kNames[index] : "?";
}

int FiberTable::New(bool beyond_limit) {
  if (live_ >= limit_ && !beyond_limit) return 0;
  int id;
  if (free_head_ < free_.size()) {
    id = free_[free_head_++];
    if (free_head_ == free_.size()) {
      free_.clear();
      free_head_ = 0;
    }
  } else {
    id = static_cast<int>(states_.size());
    states_.push_back(FiberState::kDone);
  }
  states_[id] = FiberState::kFresh;
  by_state_[static_cast<size_t>(FiberState::kFresh)]++;
  created_++;
  live_++;
  peak_ = std::max(peak_, live_);
  return id;
}

bool FiberTable::IsLive(int id) const { return StateOf(id) != FiberState::kDone; }

FiberState FiberTable::StateOf(int id) const {
  if (id <= 0 || static_cast<size_t>(id) >= states_.size()) return FiberState::kDone;
  return states_[id];
}

bool FiberTable::Transition(int id, FiberState to) {
  const FiberState from = StateOf(id);
  if (!IsLegalTransition(from, to)) return false;
  const bool takes_over = to == FiberState::kRunning || to == FiberState::kResuming;
  if (takes_over && current_ != 0 && current_ != id) return false;
  by_state_[static_cast<size_t>(from)]--;
  states_[id] = to;
  if (takes_over) {
    current_ = id;
  } else if (current_ == id) {
    current_ = 0;
  }
  if (to == FiberState::kDone) {
    live_--;
    free_.push_back(id);
  } else {
    by_state_[static_cast<size_t>(to)]++;
  }
  return true;
}

}  // namespace blockon
