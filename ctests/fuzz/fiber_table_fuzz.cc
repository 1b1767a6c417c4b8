// The fiber table beside a model that keeps a state for each id and the order in which ids were freed.
//
// Each step makes a fiber, with or without memory to grow, or asks for a change of state, mostly of ids that exist and mostly of states that do. The table has to
// accept exactly the legal changes, change nothing when it refuses, and give each id to one fiber at a time.
#include <algorithm>
#include <array>
#include <climits>
#include <deque>
#include <map>
#include <memory>
#include <utility>

#include "byte_source.h"
#include "jspi/util/fiber_table.h"

namespace blockon {

class Fiber {};

namespace {

// The arrows of the picture in fiber_state.h, once more: not asked of the code that is tested.
bool IsArrow(FiberState from, FiberState to) {
  if (from == FiberState::kFresh) return to == FiberState::kRunning || to == FiberState::kDone;
  if (from == FiberState::kRunning) return to == FiberState::kSuspended || to == FiberState::kDone;
  if (from == FiberState::kSuspended) return to == FiberState::kResuming;
  return from == FiberState::kResuming && to == FiberState::kRunning;
}

bool IsOnTop(FiberState state) { return state == FiberState::kRunning || state == FiberState::kResuming; }

// The array of the one table that lives, so that its end can be bounded by the address sanitizer and it is freed.
std::unique_ptr<uint8_t[]> array;
size_t array_size = 0;
bool out_of_memory = false;

void* Reallocate(void* memory, size_t size) {
  FUZZ_CHECK(memory == array.get());
  if (out_of_memory) return nullptr;
  auto grown = std::make_unique<uint8_t[]>(size);
  std::copy_n(array.get(), array_size, grown.get());
  array = std::move(grown);
  array_size = size;
  return array.get();
}

constexpr int kFirstCapacity = 64;

class Model {
 public:
  // A fresh table has no array.
  explicit Model(int limit) : limit_(limit) {
    array.reset();
    array_size = 0;
  }

  void New(bool beyond_limit, bool without_memory) {
    out_of_memory = without_memory;
    const size_t size = array_size;
    const int id = table_.New(&fiber_, beyond_limit ? INT_MAX : limit_);
    out_of_memory = false;
    if (static_cast<int>(states_.size()) >= limit_ && !beyond_limit) {
      FUZZ_CHECK(id == 0);
      return;
    }
    if (id == 0) {
      FUZZ_CHECK(without_memory && freed_.empty() && highest_ + 1 >= capacity_);
      return;
    }
    if (array_size != size) capacity_ = capacity_ ? 2 * capacity_ : kFirstCapacity;
    if (freed_.empty()) {
      FUZZ_CHECK(id == ++highest_);
    } else {
      FUZZ_CHECK(id == freed_.front());  // the one that was freed longest ago
      freed_.pop_front();
    }
    states_[id] = FiberState::kFresh;
    created_++;
    peak_ = std::max(peak_, static_cast<int>(states_.size()));
  }

  void Transition(int id, FiberState to) {
    const auto found = states_.find(id);
    const bool busy = current_ != 0 && current_ != id;
    const bool legal = found != states_.end() && IsArrow(found->second, to) && !(busy && IsOnTop(to));
    FUZZ_CHECK(table_.Transition(id, to) == legal);
    if (!legal) return;
    if (IsOnTop(to)) {
      current_ = id;
    } else if (current_ == id) {
      current_ = 0;
    }
    found->second = to;
    if (to != FiberState::kDone) return;
    states_.erase(found);
    freed_.push_back(id);
  }

  void Check() const {
    std::array<int, kFiberStateCount> by_state{};
    for (int id = -1; id <= highest_ + 1; id++) {
      const auto found = states_.find(id);
      const bool is_live = found != states_.end();
      FUZZ_CHECK(table_.Find(id) == (is_live ? &fiber_ : nullptr));
      FUZZ_CHECK(table_.StateOf(id) == (is_live ? found->second : FiberState::kDone));
      if (is_live) by_state[static_cast<size_t>(found->second)]++;
    }
    const FiberCounts& counts = table_.counts();
    FUZZ_CHECK(std::to_array(counts.by_state) == by_state);
    FUZZ_CHECK(table_.current() == current_);
    FUZZ_CHECK(counts.live == static_cast<int>(states_.size()));
    FUZZ_CHECK(counts.peak == peak_);
    FUZZ_CHECK(counts.created == created_);
  }

  int highest() const { return highest_; }

 private:
  const int limit_;
  FiberTable<Reallocate> table_;
  Fiber fiber_;
  std::map<int, FiberState> states_;  // of the live ones
  std::deque<int> freed_;
  int highest_ = 0;
  int capacity_ = 0;
  int current_ = 0;
  int peak_ = 0;
  int64_t created_ = 0;
};

}  // namespace
}  // namespace blockon

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using blockon::FiberState;
  blockon::ByteSource bytes(data, size);
  // Some inputs may come to where the array is full, which is far from an empty table.
  const bool is_large = bytes.Byte() & 1;
  blockon::Model model(is_large ? 2 * blockon::kFirstCapacity : bytes.Below(12));
  for (int i = 0; is_large && i < blockon::kFirstCapacity - 2; i++) model.New(false, false);
  while (!bytes.empty()) {
    const int step = bytes.Below(8);
    if (step < 2) {
      model.New(step == 1 && bytes.Below(4) == 0, bytes.Below(2) == 0);
    } else if (step == 2) {
      constexpr int kUnknown[] = {INT_MIN, -1, 0, INT_MAX};
      model.Transition(kUnknown[bytes.Below(4)], static_cast<FiberState>(bytes.Byte()));
    } else {
      const int id = bytes.Below(model.highest() + 2);
      model.Transition(id, static_cast<FiberState>(bytes.Below(blockon::kFiberStateCount + 1)));
    }
    model.Check();
  }
  return 0;
}
