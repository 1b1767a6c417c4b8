#include "jspi/util/slice_clock.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <thread>

namespace blockon {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// As a guest's memory has them.
struct Memory {
  SliceWords words{};
  uint32_t interval = 4000;
  uint32_t countdown = 50;
  uint32_t signal = 0;

  bool told() const { return __atomic_load_n(&signal, __ATOMIC_SEQ_CST) == kSliceIsOver; }
};

WatchedSlice::Place PlaceIn(const std::shared_ptr<Memory>& memory) {
  return {memory, &memory->words, &memory->interval, &memory->countdown, &memory->signal};
}

class WatchedSliceTest : public testing::Test {
 protected:
  void Look(int times) {
    for (int i = 0; i < times; i++) slice_.Look();
  }

  const std::shared_ptr<Memory> memory_ = std::make_shared<Memory>();
  WatchedSlice slice_{PlaceIn(memory_)};
};

TEST_F(WatchedSliceTest, TellsAfterFourLooksAtTheSameTurn) {
  memory_->words.running = 1;
  Look(3);
  EXPECT_FALSE(memory_->told());
  EXPECT_EQ(memory_->countdown, 50u);
  Look(1);
  EXPECT_TRUE(memory_->told());
  EXPECT_EQ(memory_->countdown, 0u);
}

TEST_F(WatchedSliceTest, HasTheGuestAskAgainWhenItIsLeft) {
  EXPECT_EQ(memory_->words.watched, 1u);
  slice_.Leave();
  EXPECT_EQ(memory_->words.watched, 0u);
}

TEST_F(WatchedSliceTest, BeginsAnewWithEachTurn) {
  memory_->words.running = 1;
  for (int i = 0; i < 10; i++) {
    memory_->words.turn++;
    Look(4);
    EXPECT_FALSE(memory_->told()) << i;
  }
  Look(1);
  EXPECT_TRUE(memory_->told());
}

TEST_F(WatchedSliceTest, TellsNothingWhileNothingRuns) {
  Look(10);
  EXPECT_FALSE(memory_->told());
  // What then begins in the same turn has held up the host as long as that turn lasts.
  memory_->words.running = 1;
  Look(1);
  EXPECT_TRUE(memory_->told());
}

TEST_F(WatchedSliceTest, LetsASignalGoFirst) {
  memory_->words.running = 1;
  memory_->signal = 2;
  Look(4);
  EXPECT_EQ(memory_->signal, 2u);
  EXPECT_EQ(memory_->countdown, 0u);
  memory_->signal = 0;
  Look(1);
  EXPECT_TRUE(memory_->told());
}

TEST_F(WatchedSliceTest, AsksAgainLessAndLessOftenAndThenNoMore) {
  memory_->words.running = 1;
  Look(3);
  WatchedSlice::Duration before{};
  int times = 0;
  while (true) {
    memory_->signal = 0;
    const auto wait = slice_.Look();
    if (wait == WatchedSlice::Duration::zero()) break;
    EXPECT_TRUE(memory_->told());
    EXPECT_GE(wait, before);
    before = wait;
    ASSERT_LT(++times, 100);
  }
  EXPECT_GT(times, 3);
  EXPECT_EQ(memory_->words.watched, 0u);
}

TEST_F(WatchedSliceTest, LeavesAGuestWithNothingToWatchAlone) {
  EXPECT_EQ(memory_->words.watched, 1u);
  int looks = 0;
  bool taken_back = false;
  while (slice_.Look() != WatchedSlice::Duration::zero()) {
    EXPECT_FALSE(taken_back) << "the last look is one after that";
    taken_back = memory_->words.watched == 0;
    ASSERT_LT(++looks, 1000);
  }
  EXPECT_TRUE(taken_back);
}

TEST_F(WatchedSliceTest, StaysForWhatBeginsInTheLastMoment) {
  while (memory_->words.watched) slice_.Look();
  memory_->words.running = 1;
  EXPECT_NE(slice_.Look(), WatchedSlice::Duration::zero());
  EXPECT_EQ(memory_->words.watched, 1u);
}

TEST_F(WatchedSliceTest, LooksFourTimesInAnInterval) {
  memory_->words.running = 1;
  EXPECT_EQ(slice_.Look(), milliseconds(1));
  memory_->interval = 20000;
  EXPECT_EQ(slice_.Look(), milliseconds(5));
  for (const uint32_t interval : {0u, 1u}) {
    memory_->interval = interval;
    memory_->words.turn++;
    EXPECT_GE(slice_.Look(), microseconds(10)) << interval;
  }
  memory_->interval = UINT32_MAX;
  EXPECT_LE(slice_.Look(), std::chrono::seconds(1));
}

// By a thread of the process, until it is told to end.
void WaitFor(const auto& condition) {
  while (!condition()) std::this_thread::sleep_for(milliseconds(1));
}

TEST(SliceClockTest, TellsManyGuests) {
  const int owner = 0;
  std::vector<std::shared_ptr<Memory>> memories;
  for (int i = 0; i < 5; i++) {
    memories.push_back(std::make_shared<Memory>());
    memories.back()->words.running = 1;
    ASSERT_TRUE(SliceClock::Get().Watch(&owner, PlaceIn(memories.back())));
  }
  for (const auto& memory : memories) WaitFor([&] { return memory->told(); });
  EXPECT_EQ(SliceClock::Get().watched(), 5);
  SliceClock::Get().Forget(&owner);
  EXPECT_EQ(SliceClock::Get().watched(), 0);
}

TEST(SliceClockTest, KeepsTheMemoryUntilTheOwnerIsForgotten) {
  const int owner = 0, other = 0;
  auto memory = std::make_shared<Memory>();
  memory->words.running = 1;
  memory->interval = 4'000'000;
  const std::weak_ptr<Memory> weak = memory;
  ASSERT_TRUE(SliceClock::Get().Watch(&owner, PlaceIn(memory)));
  ASSERT_TRUE(SliceClock::Get().Watch(&owner, PlaceIn(memory)));
  EXPECT_EQ(SliceClock::Get().watched(), 1);
  memory.reset();
  SliceClock::Get().Forget(&other);
  EXPECT_FALSE(weak.expired());
  SliceClock::Get().Forget(&owner);
  EXPECT_TRUE(weak.expired());
}

TEST(SliceClockTest, LetsGoOfTheMemoryWhenNothingRuns) {
  const int owner = 0;
  auto memory = std::make_shared<Memory>();
  const std::weak_ptr<Memory> weak = memory;
  ASSERT_TRUE(SliceClock::Get().Watch(&owner, PlaceIn(memory)));
  memory.reset();
  WaitFor([&] { return weak.expired(); });
  EXPECT_EQ(SliceClock::Get().watched(), 0);
}

}  // namespace
}  // namespace blockon
