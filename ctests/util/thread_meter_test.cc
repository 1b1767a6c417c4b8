#include "jspi/util/thread_meter.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <thread>

namespace blockon {
namespace {

constexpr size_t kPage = 4096;

// A memory of a guest's: the words, then a countdown and a signal of CPython's.
struct Guest {
  std::shared_ptr<uint32_t[]> memory = std::make_shared<uint32_t[]>(64);
  LimitWords& words = *reinterpret_cast<LimitWords*>(memory.get());
  uint32_t& countdown = memory[32];
  uint32_t& signal = memory[33];

  ThreadMeter::Place place() {
    return {.memory = memory,
            .start = reinterpret_cast<const char*>(memory.get()),
            .size = [] { return size_t{64 * 4}; },
            .words = &words,
            .countdown = &countdown,
            .signal = &signal};
  }
};

TEST(ThreadMeter, CountsTheProcessorTimeOfItsThreadAlone) {
  std::atomic<uint32_t> id = 0;
  std::atomic<bool> ends = false;
  std::thread busy([&] {
    const ThreadMeter meter([] { return 7; });
    id = meter.id();
    while (!ends) {
    }
  });
  const ThreadMeter own([] { return 1; });
  while (id == 0) std::this_thread::yield();
  const auto reading = [&] { return *ThreadMeter::Read(id); };
  const double before = ThreadMeter::Read(own.id())->processor_seconds;
  const double begin = reading().processor_seconds;
  while (reading().processor_seconds < begin + 0.05) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_LT(ThreadMeter::Read(own.id())->processor_seconds, before + 0.05);
  EXPECT_EQ(reading().turns, 7u);
  ends = true;
  busy.join();
  EXPECT_FALSE(ThreadMeter::Read(id));
  EXPECT_FALSE(ThreadMeter::Ask(id, 0));
  EXPECT_FALSE(ThreadMeter::Measure(id));
}

double SecondsOf(const ThreadMeter& meter) { return ThreadMeter::Read(meter.id())->processor_seconds; }

void ComputeFor(double seconds) {
  const auto now = [] {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
  };
  const double end = now() + seconds;
  while (now() < end) {
  }
}

TEST(ThreadMeter, TimeIsThatOfTheGuestThatEnteredLast) {
  ThreadMeter one([] { return 0; });
  ThreadMeter other([] { return 0; });
  const double before = SecondsOf(one);
  ComputeFor(0.02);
  EXPECT_GE(SecondsOf(one), before + 0.02);
  EXPECT_EQ(SecondsOf(other), 0);
  other.Enter();
  const double of_one = SecondsOf(one);
  ComputeFor(0.02);
  EXPECT_EQ(SecondsOf(one), of_one);
  const double of_other = SecondsOf(other);
  EXPECT_GE(of_other, 0.02);
  other.Enter();
  EXPECT_GE(SecondsOf(other), of_other);
  one.Enter();
  ComputeFor(0.01);
  EXPECT_GE(SecondsOf(one), of_one + 0.01);
}

TEST(ThreadMeter, ItsEndLeavesTheOthersOfItsThread) {
  Guest guest;
  auto one = std::make_unique<ThreadMeter>([] { return 0; });
  ThreadMeter other([] { return 0; });
  other.Watch(guest.place());
  const uint32_t gone = one->id();
  one.reset();
  EXPECT_FALSE(ThreadMeter::Read(gone));
  // Nobody's.
  ComputeFor(0.01);
  EXPECT_EQ(SecondsOf(other), 0);
  other.Enter();
  ComputeFor(0.01);
  EXPECT_GE(SecondsOf(other), 0.01);
  EXPECT_TRUE(ThreadMeter::Ask(other.id(), 4));
  EXPECT_EQ(guest.words.over, 4u);
}

TEST(ThreadMeter, AFullHeapIsThatOfAllGuestsOfTheThread) {
  const ThreadMeter one([] { return 0; });
  const ThreadMeter other([] { return 0; });
  uint32_t elsewhere = 0;
  std::thread([&] {
    const ThreadMeter meter([] { return 0; });
    elsewhere = meter.id();
  }).join();
  ThreadMeter::NoteFull(ThreadMeter::Full::kBuffers);
  EXPECT_EQ(ThreadMeter::TakeFull(one.id()), ThreadMeter::Full::kBuffers);
  EXPECT_EQ(ThreadMeter::TakeFull(other.id()), ThreadMeter::Full::kBuffers);
  EXPECT_EQ(ThreadMeter::TakeFull(elsewhere), std::nullopt);
}

TEST(ThreadMeter, CountsThoseOfTheThread) {
  EXPECT_EQ(ThreadMeter::CountOfThread(), 0u);
  const ThreadMeter one([] { return 0; });
  {
    const ThreadMeter other([] { return 0; });
    EXPECT_EQ(ThreadMeter::CountOfThread(), 2u);
    std::thread([] { EXPECT_EQ(ThreadMeter::CountOfThread(), 0u); }).join();
  }
  EXPECT_EQ(ThreadMeter::CountOfThread(), 1u);
}

TEST(ThreadMeter, HasTheThreadLookAsLongAsItIsThere) {
  uint32_t id = 0;
  uint64_t looked = 0;
  {
    const auto look = [&](ThreadMeter::BufferRoom room) { looked += room.heap - room.files; };
    const ThreadMeter meter([] { return 0; }, {}, look);
    id = meter.id();
    EXPECT_TRUE(ThreadMeter::LookAtBuffers(id, {.heap = 9, .files = 2}));
    EXPECT_EQ(looked, 7u);
    const ThreadMeter without([] { return 0; });
    EXPECT_FALSE(ThreadMeter::LookAtBuffers(without.id(), {.heap = 9, .files = 2}));
  }
  EXPECT_FALSE(ThreadMeter::LookAtBuffers(id, {.heap = 9, .files = 2}));
  EXPECT_EQ(looked, 7u);
}

TEST(ThreadMeter, AsksTheGuest) {
  Guest guest;
  guest.countdown = 50;
  ThreadMeter meter([] { return 0; });
  EXPECT_FALSE(ThreadMeter::Ask(meter.id(), 3));
  meter.Watch(guest.place());
  EXPECT_TRUE(ThreadMeter::Ask(meter.id(), 3));
  EXPECT_EQ(guest.words.asked, 1u);
  EXPECT_EQ(guest.words.over, 3u);
  EXPECT_EQ(guest.countdown, 0u);
  EXPECT_EQ(guest.signal, kLimitsAreAsked);
  guest.words.answered = 1;
  guest.words.request = 9;
  const auto reading = *ThreadMeter::Read(meter.id());
  EXPECT_EQ(reading.asked, 1u);
  EXPECT_EQ(reading.answered, 1u);
  EXPECT_EQ(reading.request, 9u);
}

TEST(ThreadMeter, LeavesASignalThatIsOnItsWay) {
  Guest guest;
  guest.signal = 2;
  ThreadMeter meter([] { return 0; });
  meter.Watch(guest.place());
  EXPECT_TRUE(ThreadMeter::Ask(meter.id(), 0));
  EXPECT_EQ(guest.signal, 2u);
}

TEST(ThreadMeter, KeepsTheMemoryAsLongAsItWatches) {
  Guest guest;
  {
    ThreadMeter meter([] { return 0; });
    meter.Watch(guest.place());
    EXPECT_EQ(guest.memory.use_count(), 2);
    meter.Watch(guest.place());
    EXPECT_EQ(guest.memory.use_count(), 2);
  }
  EXPECT_EQ(guest.memory.use_count(), 1);
}

TEST(ThreadMeter, KeepsOneFromBeingAskedAndNoOther) {
  Guest guest;
  Guest other;
  ThreadMeter meter([] { return 0; });
  ThreadMeter second([] { return 0; });
  meter.Watch(guest.place());
  second.Watch(other.place());
  ThreadMeter::Quiet quiet = meter.KeepFromAsking();
  EXPECT_FALSE(quiet.was_asked);
  std::atomic<bool> is_asked = false;
  std::thread asking([&] {
    EXPECT_TRUE(ThreadMeter::Ask(second.id(), 4));
    EXPECT_TRUE(ThreadMeter::Read(second.id()));
    EXPECT_TRUE(ThreadMeter::Measure(second.id()));
    is_asked = true;
    EXPECT_TRUE(ThreadMeter::Ask(meter.id(), 5));
  });
  while (!is_asked) std::this_thread::yield();
  EXPECT_EQ(other.words.over, 4u);
  // Long enough for the other thread to have written, if nothing kept it from that.
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(guest.words.asked, 0u);
  quiet.lock.unlock();
  asking.join();
  EXPECT_EQ(guest.words.over, 5u);
  EXPECT_TRUE(meter.KeepFromAsking().was_asked);
  EXPECT_FALSE(meter.KeepFromAsking().was_asked);
}

TEST(ThreadMeter, EndsWhileOthersReadIt) {
  std::atomic<uint32_t> id = 0;
  std::atomic<bool> ends = false;
  std::thread reading([&] {
    while (!ends) {
      const uint32_t now = id;
      ThreadMeter::Read(now);
      ThreadMeter::Ask(now, 1);
    }
  });
  for (int i = 0; i < 200; i++) {
    std::thread thread([&] {
      Guest guest;
      ThreadMeter meter([] { return 0; });
      meter.Watch(guest.place());
      id = meter.id();
      ThreadMeter::Read(id);
    });
    thread.join();
  }
  ends = true;
  reading.join();
}

TEST(ThreadMeter, TellsOfAFullHeapOnceWhenItIsGone) {
  uint32_t id = 0;
  {
    ThreadMeter meter([] { return 0; });
    id = meter.id();
    ThreadMeter::NoteFull(ThreadMeter::Full::kHeap);
  }
  EXPECT_EQ(ThreadMeter::TakeFull(id + 1), std::nullopt);
  EXPECT_EQ(ThreadMeter::TakeFull(id), ThreadMeter::Full::kHeap);
  EXPECT_EQ(ThreadMeter::TakeFull(id), std::nullopt);
}

TEST(ThreadMeter, CountsPagesThatWereTouched) {
  constexpr size_t size = 64 * kPage;
  char* const start = static_cast<char*>(
      mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  madvise(start, size, MADV_NOHUGEPAGE);
  EXPECT_EQ(ResidentBytes(start, size), 0u);
  std::memset(start + 8 * kPage, 1, 5 * kPage);
  EXPECT_EQ(ResidentBytes(start, size), 5 * kPage);
  EXPECT_EQ(ResidentBytes(start, 10 * kPage), 2 * kPage);
  munmap(start, size);
}

TEST(ThreadMeter, CountsPagesOfASnapshotWhenTheyAreWrittenTo) {
  constexpr size_t size = 16 * kPage;
  const int file = memfd_create("snapshot", MFD_CLOEXEC);
  ASSERT_EQ(ftruncate(file, size), 0);
  char* const start = static_cast<char*>(mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0));
  size_t read = 0;
  for (size_t at = 0; at < size; at += kPage) read += static_cast<size_t>(start[at]);
  EXPECT_EQ(read, 0u);
  EXPECT_EQ(ResidentBytes(start, size), 0u);
  start[3 * kPage] = start[7 * kPage] = 1;
  EXPECT_EQ(ResidentBytes(start, size), 2 * kPage);
  munmap(start, size);
  close(file);
}

}  // namespace
}  // namespace blockon
