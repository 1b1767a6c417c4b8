#include "jspi/util/memory_checkpoint.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <utility>

#include "jspi/util/fault_log.h"
#include "jspi/util/owned_fd.h"

namespace blockon {
namespace {

constexpr std::size_t kPages = 600;
constexpr std::size_t kMorePages = 100;
constexpr std::size_t kSize = kPages * kMemoryPage;

// Anonymous memory with room to grow, as V8 has it.
class MemoryCheckpointTest : public testing::Test {
 protected:
  MemoryCheckpointTest()
      : bytes_(static_cast<char*>(mmap(nullptr, kSize + kMorePages * kMemoryPage, PROT_READ | PROT_WRITE,
                                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {}
  ~MemoryCheckpointTest() override { munmap(bytes_, kSize + kMorePages * kMemoryPage); }

  char* page(std::size_t number) { return bytes_ + number * kMemoryPage; }
  std::string Text(std::size_t size = kSize) const { return {bytes_, size}; }
  std::unique_ptr<MemoryCheckpoint> Take() {
    std::string why;
    auto checkpoint = MemoryCheckpoint::Take(bytes_, kSize, &why);
    EXPECT_TRUE(checkpoint) << why;
    return checkpoint;
  }
  std::pair<std::size_t, std::size_t> Restore(MemoryCheckpoint* checkpoint, std::size_t size = kSize) {
    RestoredPages pages;
    EXPECT_EQ(checkpoint->Restore(bytes_, size, others_wrote_, &pages), "");
    is_known_ = pages.is_known;
    return {pages.copied, pages.dropped};
  }

  // By some writes of pages that it knows: the test itself may have a fault between two.
  bool BecomesKnown(MemoryCheckpoint* checkpoint, std::size_t size) {
    for (int i = 0; i < 10; i++) {
      page(5)[1] = page(200)[2] = 'x';
      Restore(checkpoint, size);
      if (is_known_) return true;
    }
    return false;
  }

  char* const bytes_;
  bool others_wrote_ = false;
  // Of the last Restore().
  bool is_known_ = false;
};

using Counts = std::pair<std::size_t, std::size_t>;

TEST_F(MemoryCheckpointTest, PutsBackWhatWasWrittenWhateverWasThere) {
  // A part that is another file's, as of an image; one that was written to; one that nobody touched.
  const OwnedFd file(memfd_create("image", MFD_CLOEXEC));
  ASSERT_EQ(ftruncate(file.get(), 100 * kMemoryPage), 0);
  ASSERT_EQ(pwrite(file.get(), "image", 5, 50 * kMemoryPage), 5);
  ASSERT_EQ(mmap(page(100), 100 * kMemoryPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file.get(), 0),
            page(100));
  std::strcpy(page(120), "written over the image");
  std::strcpy(page(300), "written");
  std::memset(page(310), 7, kMemoryPage);
  const auto checkpoint = Take();
  const std::string before = Text();
  EXPECT_EQ(before.substr(150 * kMemoryPage, 5), "image");
  for (std::size_t number : {0, 99, 100, 120, 150, 199, 300, 310, 500, 599}) page(number)[17] = 'x';
  EXPECT_NE(Text(), before);
  EXPECT_EQ(Restore(checkpoint.get()), (Counts{0, 10}));
  EXPECT_EQ(Text(), before);
  // What was only read is nobody's.
  EXPECT_EQ(Restore(checkpoint.get()), (Counts{0, 0}));
}

TEST_F(MemoryCheckpointTest, KeepsCopiesOfPagesThatAreWrittenToEachTime) {
  std::memset(page(5), 5, kMemoryPage);
  const auto checkpoint = Take();
  const std::string before = Text();
  for (int i = 0; i < 2; i++) {
    page(5)[1] = page(200)[2] = page(201)[3] = 'x';
    EXPECT_EQ(Restore(checkpoint.get()), (Counts{0, 3}));
    EXPECT_EQ(Text(), before);
  }
  for (std::size_t i = 0; i < 3; i++) {
    page(5)[1] = page(200)[2] = page(202)[3] = 'x';
    // Copies stay private: 201 is put back as well.
    EXPECT_EQ(Restore(checkpoint.get()), (Counts{i < 2 ? 3 : 4, i < 2 ? 1 : 0}));
    EXPECT_EQ(Text(), before);
  }
}

TEST_F(MemoryCheckpointTest, LooksForNothingWhereNoOtherPageCanHaveBeenWritten) {
  if (!PageFaults::AreCounted()) GTEST_SKIP() << "the system counts no page faults";
  const auto checkpoint = Take();
  const std::string before = Text();
  for (int i = 0; i < 2; i++) {
    page(5)[1] = page(200)[2] = 'x';
    Restore(checkpoint.get());
    EXPECT_FALSE(is_known_);
  }
  EXPECT_TRUE(BecomesKnown(checkpoint.get(), kSize));
  EXPECT_TRUE(Text() == before);
  // Another page, the end of the memory, somebody else: each is looked for.
  page(6)[1] = 'x';
  EXPECT_EQ(Restore(checkpoint.get()), (Counts{2, 1}));
  EXPECT_FALSE(is_known_);
  EXPECT_TRUE(BecomesKnown(checkpoint.get(), kSize));
  Restore(checkpoint.get(), kSize + kMemoryPage);
  EXPECT_FALSE(is_known_);
  page(kPages)[1] = 'x';
  Restore(checkpoint.get(), kSize + kMemoryPage);
  EXPECT_FALSE(is_known_);
  EXPECT_EQ(page(kPages)[1], 0);
  EXPECT_TRUE(BecomesKnown(checkpoint.get(), kSize + kMemoryPage));
  // Its faults are no faults of this thread's.
  std::thread([this] { page(7)[1] = 'x'; }).join();
  others_wrote_ = true;
  EXPECT_EQ(Restore(checkpoint.get(), kSize + kMemoryPage), (Counts{2, 1}));
  EXPECT_TRUE(Text() == before);
}

TEST_F(MemoryCheckpointTest, LooksWhereThePageFaultsWere) {
  if (!FaultLog().is_there()) GTEST_SKIP() << "the system notes no page faults down";
  const auto checkpoint = Take();
  const std::string before = Text();
  bool is_logged = false;
  for (std::size_t i = 0; i < 20; i++) {
    RestoredPages pages;
    page(10 + i)[1] = page(100 + i)[2] = page(101 + i)[2] = 'x';
    // It reads some, too.
    volatile char read = page(400 + i)[3];
    EXPECT_EQ(read, 0);
    ASSERT_EQ(checkpoint->Restore(bytes_, kSize, false, &pages), "");
    // The test itself may have a fault between.
    is_logged |= pages.is_logged;
    EXPECT_GE(pages.dropped + pages.copied, 3U);
    EXPECT_LE(pages.dropped, 3U);
    EXPECT_TRUE(Text() == before) << i;
  }
  EXPECT_TRUE(is_logged);
}

// What is written in a system call is in no log, nor what comes when it is full.
TEST_F(MemoryCheckpointTest, LooksEverywhereWhereTheLogIsNotWhole) {
  const std::size_t size = (FaultLog::kMostFaults + 100) * kMemoryPage;
  void* const whole = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(whole, MAP_FAILED);
  auto* const bytes = static_cast<char*>(whole);
  std::string why;
  const auto checkpoint = MemoryCheckpoint::Take(bytes, size, &why);
  ASSERT_TRUE(checkpoint) << why;
  const OwnedFd file(memfd_create("read", MFD_CLOEXEC));
  ASSERT_EQ(write(file.get(), "read", 4), 4);
  RestoredPages pages;
  for (std::size_t i = 0; i < 10; i++) {
    bytes[i * kMemoryPage] = 'x';
    ASSERT_EQ(pread(file.get(), bytes + (500 + i) * kMemoryPage, 4, 0), 4);
    ASSERT_EQ(checkpoint->Restore(bytes, size, false, &pages), "");
    EXPECT_FALSE(pages.is_logged || pages.is_known);
    for (std::size_t at = 0; at < size; at += kMemoryPage) ASSERT_EQ(bytes[at], 0) << at / kMemoryPage << " " << i;
    ASSERT_EQ(checkpoint->Restore(bytes, size, false, &pages), "");
  }
  for (int i = 0; i < 3; i++) {
    for (std::size_t at = 0; at < size; at += kMemoryPage) bytes[at] = 'x';
    ASSERT_EQ(checkpoint->Restore(bytes, size, false, &pages), "");
    EXPECT_FALSE(pages.is_logged || pages.is_known);
    for (std::size_t at = 0; at < size; at += kMemoryPage) ASSERT_EQ(bytes[at], 0) << at / kMemoryPage << " " << i;
  }
  munmap(whole, size);
}

// As the system does by itself after a time, where huge pages are always on.
TEST_F(MemoryCheckpointTest, FindsWhatWasWrittenWherePagesBecomeHuge) {
  constexpr std::size_t kHuge = 512;
  constexpr int kCollapse = 25;  // MADV_COLLAPSE, which older headers have not.
  const std::size_t size = 4 * kHuge * kMemoryPage;
  void* const whole = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(whole, MAP_FAILED);
  auto* const bytes = static_cast<char*>(whole);
  std::string why;
  for (const std::size_t taken : {size, size / 2}) {
    const auto checkpoint = MemoryCheckpoint::Take(bytes, taken, &why);
    ASSERT_TRUE(checkpoint) << why;
    RestoredPages pages;
    for (int i = 0; i < 4; i++) {
      for (std::size_t at = 0; at < size; at += kHuge * kMemoryPage / 2) bytes[at] = 'x';
      ASSERT_EQ(checkpoint->Restore(bytes, size, false, &pages), "");
    }
    for (int i = 0; i < 4; i++) {
      // In vain, or not: it is the system's to say.
      madvise(bytes, size, kCollapse);
      for (std::size_t at = 0; at < size; at += 7 * kMemoryPage) bytes[at] = 'x';
      ASSERT_EQ(checkpoint->Restore(bytes, size, false, &pages), "");
      for (std::size_t at = 0; at < size; at += kMemoryPage) ASSERT_EQ(bytes[at], 0) << at / kMemoryPage << " " << i;
    }
  }
  munmap(whole, size);
}

TEST_F(MemoryCheckpointTest, FindsWhatASystemCallHasWritten) {
  const auto checkpoint = Take();
  const std::string before = Text();
  const OwnedFd file(memfd_create("read", MFD_CLOEXEC));
  ASSERT_EQ(write(file.get(), "read", 4), 4);
  for (int i = 0; i < 4; i++) {
    Restore(checkpoint.get());
    ASSERT_EQ(pread(file.get(), page(50 + static_cast<std::size_t>(i)) + 7, 4, 0), 4);
    Restore(checkpoint.get());
    EXPECT_FALSE(is_known_);
    EXPECT_TRUE(Text() == before) << i;
  }
}

TEST_F(MemoryCheckpointTest, GivesCopiesUpThatNobodyNeeds) {
  const auto checkpoint = Take();
  for (int i = 0; i < 2; i++) {
    page(5)[1] = page(200)[2] = 'x';
    Restore(checkpoint.get());
  }
  const std::string before = Text();
  std::size_t copied = 2;
  unsigned rounds = 0;
  while (copied == 2 && rounds < 10'000) {
    page(200)[2] = 'x';
    copied = Restore(checkpoint.get()).first;
    rounds++;
    if (rounds % 100 == 0) {
      ASSERT_TRUE(Text() == before);
    }
  }
  EXPECT_GE(rounds, (MemoryCheckpoint::kMostUnneeded - 1) * MemoryCheckpoint::kRestoresToLook);
  // The one that went, for it is not put back in this one any more.
  page(5)[1] = page(200)[2] = 'x';
  EXPECT_EQ(Restore(checkpoint.get()), (Counts{1, 1}));
  EXPECT_TRUE(Text() == before);
}

TEST_F(MemoryCheckpointTest, KeepsCopiesLongerOfPagesThatAreWrittenToAgain) {
  const auto checkpoint = Take();
  const std::string before = Text();
  // What it holds, as a reference that is taken and given back leaves it.
  const auto rounds_with_copy = [&] {
    unsigned rounds = 0;
    do {
      *static_cast<volatile char*>(page(5)) = page(5)[0];
      rounds++;
    } while (Restore(checkpoint.get()).first == 1 && rounds < 10'000);
    return rounds;
  };
  unsigned last = 0;
  for (int i = 0; i < 3; i++) {
    do {
      page(5)[0] = 'x';
    } while (Restore(checkpoint.get()).first == 0);
    const unsigned rounds = rounds_with_copy();
    EXPECT_GT(rounds, last + last / 2);
    EXPECT_LT(rounds, 10'000u);
    // The last of them was written to without a copy.
    EXPECT_EQ(Restore(checkpoint.get()), (Counts{0, 0}));
    last = rounds;
  }
  EXPECT_TRUE(Text() == before);
}

TEST_F(MemoryCheckpointTest, HasZerosWhereTheMemoryGrew) {
  std::memset(page(kPages - 1), 1, kMemoryPage);
  const auto checkpoint = Take();
  const std::string before = Text();
  const std::size_t grown = kSize + kMorePages * kMemoryPage;
  for (int i = 0; i < 4; i++) {
    // A run across the end.
    std::memset(page(kPages - 3), 'x', 10 * kMemoryPage);
    page(kPages + kMorePages - 1)[kMemoryPage - 1] = 'x';
    Restore(checkpoint.get(), grown);
    EXPECT_EQ(Text(grown), before + std::string(kMorePages * kMemoryPage, '\0'));
  }
}

TEST_F(MemoryCheckpointTest, PutsBackWhateverIsWrittenAtRandom) {
  std::mt19937 random(20261130);
  const auto below = [&](std::size_t end) { return std::uniform_int_distribution<std::size_t>(0, end - 1)(random); };
  for (int i = 0; i < 200; i++)
    std::memset(page(below(kPages)) + below(2000), static_cast<int>(below(256)), below(2000));
  const auto checkpoint = Take();
  const std::string before = Text();
  for (int round = 0; round < 100; round++) {
    for (std::size_t i = below(300); i > 0; i--) {
      const std::size_t at = below(kSize);
      std::memset(bytes_ + at, 'x', std::min(below(3 * kMemoryPage), kSize - at));
    }
    Restore(checkpoint.get());
    ASSERT_TRUE(Text() == before) << round;
  }
}

TEST_F(MemoryCheckpointTest, RefusesAnotherMemory) {
  const auto checkpoint = Take();
  RestoredPages pages;
  EXPECT_EQ(checkpoint->Restore(page(1), kSize, false, &pages), "the memory is at another address");
  EXPECT_EQ(checkpoint->Restore(bytes_, kSize - kMemoryPage, false, &pages), "the memory is smaller than it was");
  std::string why;
  EXPECT_EQ(MemoryCheckpoint::Take(bytes_ + 1, kMemoryPage, &why), nullptr);
  EXPECT_EQ(why, "it does not begin and end with a page");
}

TEST_F(MemoryCheckpointTest, LeavesTheMemoryAloneWhereTheSystemHasNoRoomForIt) {
  std::memset(page(3), 3, kMemoryPage);
  const std::string before = Text();
  rlimit limit;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
  const rlimit small{.rlim_cur = kMemoryPage, .rlim_max = limit.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  std::string why;
  EXPECT_EQ(MemoryCheckpoint::Take(bytes_, kSize, &why), nullptr);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(why.substr(0, 5), "write");
  EXPECT_TRUE(Text() == before);
  page(3)[1] = 'x';
  EXPECT_EQ(page(3)[1], 'x');
}

TEST_F(MemoryCheckpointTest, FindsTheSamePagesOnOlderSystems) {
  const auto checkpoint = Take();
  std::mt19937 random(7);
  for (int i = 0; i < 200; i++) page(random() % kPages)[random() % kMemoryPage] = 'x';
  const std::string read = Text();  // also those that were never touched
  std::vector<PageRun> scanned, found;
  ASSERT_EQ(FindPrivatePages(bytes_, kSize, &scanned), "");
  ASSERT_EQ(ReadPrivatePages(bytes_, kSize, &found), "");
  EXPECT_FALSE(scanned.empty());
  std::vector<bool> is_found(kPages);
  for (const PageRun& run : found) {
    for (uint32_t i = 0; i < run.pages; i++) is_found[run.first + i] = true;
  }
  for (const PageRun& run : scanned) {
    for (uint32_t i = 0; i < run.pages; i++) EXPECT_TRUE(is_found[run.first + i]) << run.first + i;
  }
}

}  // namespace
}  // namespace blockon
