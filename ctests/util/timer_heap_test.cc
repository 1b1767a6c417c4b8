#include "jspi/util/timer_heap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <numeric>
#include <random>
#include <vector>

namespace blockon {
namespace {

// The heap's array: one at a time, freed by the test.
void* array = nullptr;
bool out_of_memory = false;

void* Reallocate(void* memory, size_t size) {
  EXPECT_EQ(memory, array);
  if (out_of_memory) return nullptr;
  return array = std::realloc(memory, size);
}

class TimerHeapTest : public testing::Test {
 protected:
  ~TimerHeapTest() override {
    std::free(array);
    array = nullptr;
    out_of_memory = false;
  }

  // Takes all out, the earliest first.
  std::vector<Nanoseconds> Drain() {
    std::vector<Nanoseconds> times;
    while (Timer* head = heap_.head()) {
      times.push_back(head->when);
      heap_.Remove(head);
    }
    return times;
  }

  TimerHeap<Reallocate> heap_;
};

TEST_F(TimerHeapTest, HasNoHeadWhenEmpty) {
  EXPECT_EQ(heap_.head(), nullptr);
  EXPECT_EQ(heap_.size(), 0);
}

TEST_F(TimerHeapTest, GivesTheEarliestFirstWhateverTheOrderOfAdding) {
  std::array<int, 6> order;
  std::iota(order.begin(), order.end(), 0);
  do {
    std::array<Timer, 6> timers;
    for (int number : order) ASSERT_TRUE(heap_.Add(&timers[number], number / 2));
    ASSERT_EQ(Drain(), (std::vector<Nanoseconds>{0, 0, 1, 1, 2, 2}));
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(TimerHeapTest, TellsATimerWhetherItIsPending) {
  Timer timer;
  EXPECT_FALSE(timer.pending());
  ASSERT_TRUE(heap_.Add(&timer, 5));
  EXPECT_TRUE(timer.pending());
  heap_.Remove(&timer);
  EXPECT_FALSE(timer.pending());
}

TEST_F(TimerHeapTest, KeepsTheOrderWhicheverTimerIsTakenOut) {
  for (int taken = 0; taken < 100; taken++) {
    std::array<Timer, 100> timers;
    std::vector<Nanoseconds> times(timers.size());
    std::iota(times.begin(), times.end(), 0);
    std::shuffle(times.begin(), times.end(), std::mt19937(20240607));
    for (size_t i = 0; i < timers.size(); i++) ASSERT_TRUE(heap_.Add(&timers[i], times[i]));
    heap_.Remove(&timers[taken]);
    times.erase(times.begin() + taken);
    std::sort(times.begin(), times.end());
    ASSERT_EQ(Drain(), times) << taken;
  }
}

TEST_F(TimerHeapTest, HoldsTheEndsOfTheClock) {
  std::array<Timer, 3> timers;
  ASSERT_TRUE(heap_.Add(&timers[0], kNever));
  ASSERT_TRUE(heap_.Add(&timers[1], INT64_MIN));
  ASSERT_TRUE(heap_.Add(&timers[2], 0));
  EXPECT_EQ(Drain(), (std::vector<Nanoseconds>{INT64_MIN, 0, kNever}));
}

TEST_F(TimerHeapTest, IsAsItWasWhereItCannotGrow) {
  std::array<Timer, 65> timers;
  for (int i = 0; i < 64; i++) ASSERT_TRUE(heap_.Add(&timers[i], 64 - i));
  out_of_memory = true;
  EXPECT_FALSE(heap_.Add(&timers[64], 0));
  EXPECT_FALSE(timers[64].pending());
  EXPECT_EQ(heap_.size(), 64);
  EXPECT_EQ(heap_.head(), &timers[63]);
  // One that goes makes room, without memory.
  heap_.Remove(&timers[63]);
  EXPECT_TRUE(heap_.Add(&timers[63], 1));
  out_of_memory = false;
  EXPECT_TRUE(heap_.Add(&timers[64], 0));
  std::vector<Nanoseconds> all(65);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(Drain(), all);
}

TEST_F(TimerHeapTest, IsEmptyWhereItsFirstArrayCannotBeMade) {
  Timer timer;
  out_of_memory = true;
  EXPECT_FALSE(heap_.Add(&timer, 1));
  EXPECT_EQ(heap_.head(), nullptr);
  out_of_memory = false;
  EXPECT_TRUE(heap_.Add(&timer, 1));
  EXPECT_EQ(heap_.head(), &timer);
}

}  // namespace
}  // namespace blockon
