#include "jspi/util/memory_image.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstring>
#include <initializer_list>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "ctests/util/file_in_folder.h"
#include "jspi/util/image_header.h"
#include "jspi/util/page_runs.h"

namespace blockon {
namespace {

constexpr std::size_t kPages = 200;
constexpr std::size_t kSize = kPages * kImagePage;

// Anonymous memory, as V8 has it.
class Memory {
 public:
  Memory()
      : bytes_(static_cast<char*>(mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {}
  ~Memory() { munmap(bytes_, kSize); }
  char* bytes() { return bytes_; }
  char* page(std::size_t number) { return bytes_ + number * kImagePage; }
  void Fill(char byte) { std::memset(bytes_, byte, kSize); }
  std::string Text() const { return {bytes_, kSize}; }

 private:
  char* const bytes_;
};

class MemoryImageTest : public testing::Test, public FileInFolder {
 protected:
  MemoryImageTest() : FileInFolder("an.image") {}

  // A memory with runs at its start, in the middle (of two pieces that lie close) and at its end.
  void WriteOne() {
    memory_.page(0)[0] = 1;
    std::memset(memory_.page(70), 2, 3 * kImagePage);
    memory_.page(80)[kImagePage - 1] = 3;
    memory_.page(kPages - 1)[17] = 4;
    ASSERT_EQ(WriteMemoryImage(file_, key_, "notes\n\xc3\xa9", memory_.bytes(), kSize), "");
  }

  // Why it cannot be opened, "" when it can.
  std::string Refusal(const std::string& key) const {
    std::string why;
    const auto image = MemoryImage::Open(file_, key, &why);
    EXPECT_EQ(image == nullptr, !why.empty());
    return why;
  }

  const std::string key_ = std::string(kImageKeySize, 'a');
  Memory memory_;
};

TEST_F(MemoryImageTest, MakesAnotherMemoryTheSame) {
  WriteOne();
  std::string why;
  const auto image = MemoryImage::Open(file_, key_, &why);
  ASSERT_TRUE(image) << why;
  EXPECT_EQ(image->notes(), "notes\n\xc3\xa9");
  EXPECT_EQ(image->memory_size(), kSize);
  Memory other;
  other.Fill(9);  // what its instance wrote
  EXPECT_EQ(image->MapOver(other.bytes()), "");
  EXPECT_EQ(other.Text(), memory_.Text());
}

TEST_F(MemoryImageTest, IsNotChangedByWhoWritesToTheMemory) {
  WriteOne();
  std::string why;
  const auto image = MemoryImage::Open(file_, key_, &why);
  ASSERT_TRUE(image) << why;
  Memory one;
  Memory two;
  EXPECT_EQ(image->MapOver(one.bytes()), "");
  one.Fill(9);
  EXPECT_EQ(image->MapOver(two.bytes()), "");
  EXPECT_EQ(two.Text(), memory_.Text());
}

TEST_F(MemoryImageTest, OutlivesItsFileAndItself) {
  WriteOne();
  std::string why;
  auto image = MemoryImage::Open(file_, key_, &why);
  ASSERT_TRUE(image) << why;
  Memory other;
  EXPECT_EQ(image->MapOver(other.bytes()), "");
  ASSERT_EQ(truncate(file_.c_str(), 0), 0);
  image.reset();
  EXPECT_EQ(other.Text(), memory_.Text());
}

TEST_F(MemoryImageTest, LeavesOutPagesOfZeros) {
  WriteOne();
  // Page 0, 70 to 80, the last one; header and runs.
  EXPECT_EQ(Whole().size(), (1 + 11 + 1 + 2) * kImagePage);
}

TEST_F(MemoryImageTest, HoldsAMemoryOfZerosAndNone) {
  ASSERT_EQ(WriteMemoryImage(file_, key_, "", memory_.bytes(), kSize), "");
  std::string why;
  auto image = MemoryImage::Open(file_, key_, &why);
  ASSERT_TRUE(image) << why;
  Memory other;
  other.Fill(9);
  EXPECT_EQ(image->MapOver(other.bytes()), "");
  EXPECT_EQ(other.Text(), std::string(kSize, '\0'));
  ASSERT_EQ(WriteMemoryImage(file_, key_, "none", memory_.bytes(), 0), "");
  image = MemoryImage::Open(file_, key_, &why);
  ASSERT_TRUE(image) << why;
  EXPECT_EQ(image->memory_size(), 0u);
}

TEST_F(MemoryImageTest, IsWholeThoughOthersWriteToTheMemory) {
  std::atomic<bool> ends = false;
  std::thread other([this, &ends] {
    for (char value = 0; !ends; value++) {
      for (std::size_t page = 0; page < kPages; page += 7) std::atomic_ref<char>(memory_.page(page)[9]).store(value);
    }
  });
  std::string why;
  for (int i = 0; i < 30 && why.empty(); i++) {
    EXPECT_EQ(WriteMemoryImage(file_, key_, "", memory_.bytes(), kSize), "");
    why = Refusal(key_);
  }
  ends = true;
  other.join();
  EXPECT_EQ(why, "");
}

TEST_F(MemoryImageTest, RefusesAnyFileThatIsNotWhole) {
  WriteOne();
  const std::string whole = Whole();
  EXPECT_EQ(Refusal(key_), "");
  for (std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{100}, kImagePage, kImagePage + 5,
                           whole.size() / 2, whole.size() - 1}) {
    Put(whole.substr(0, size));
    EXPECT_EQ(Refusal(key_), "it is truncated") << size;
  }
  Put(whole + "x");
  EXPECT_EQ(Refusal(key_), "it is longer than written");
}

TEST_F(MemoryImageTest, RefusesEachByteThatIsNotWhatWasWritten) {
  WriteOne();
  const std::string whole = Whole();
  // The rest of the first page is nobody's.
  for (std::size_t place = 0; place < whole.size(); place += place < kImagePage ? 31 : 311) {
    if (place >= sizeof(ImageHeader) && place < kImagePage) continue;
    std::string damaged = whole;
    damaged[place] ^= 0x10;
    Put(damaged);
    EXPECT_NE(Refusal(key_), "") << place;
  }
}

TEST_F(MemoryImageTest, RefusesWhatIsForeignOrStale) {
  WriteOne();
  EXPECT_EQ(Refusal(std::string(kImageKeySize, 'b')), "it was made for another build, version or machine");
  Put(std::string(5 * kImagePage, 'x'));
  EXPECT_EQ(Refusal(key_), "it is no memory image of this version");
  unlink(file_.c_str());
  EXPECT_EQ(Refusal(key_), "open: No such file or directory");
  ASSERT_EQ(mkdir(file_.c_str(), 0700), 0);
  EXPECT_EQ(Refusal(key_), "read: Is a directory");
  rmdir(file_.c_str());
}

TEST_F(MemoryImageTest, TakesTheFilesPlaceOnlyWhenItIsWhole) {
  WriteOne();
  const std::string before = Whole();
  memory_.Fill(5);
  // A disk that is full, as far as a process can make one.
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
  rlimit small = limit;
  small.rlim_cur = 10 * kImagePage;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  EXPECT_EQ(WriteMemoryImage(file_, key_, "", memory_.bytes(), kSize), "write: File too large");
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  std::signal(SIGXFSZ, SIG_DFL);
  EXPECT_EQ(Whole(), before);
  EXPECT_EQ(Names(), std::vector<std::string>{"an.image"});
  EXPECT_EQ(WriteMemoryImage(folder_ + "/none/an.image", key_, "", memory_.bytes(), kSize),
            "open: No such file or directory");
}

TEST_F(MemoryImageTest, RefusesAKeyOrASizeThatCannotBe) {
  EXPECT_NE(WriteMemoryImage(file_, "short", "", memory_.bytes(), kSize), "");
  EXPECT_NE(WriteMemoryImage(file_, key_, "", memory_.bytes(), kImagePage + 1), "");
  EXPECT_TRUE(Names().empty());
}

TEST_F(MemoryImageTest, IsOpenedOnceByAProcess) {
  WriteOne();
  std::string why;
  const auto image = MemoryImage::OpenShared(file_, key_, &why, true);
  ASSERT_TRUE(image) << why;
  unlink(file_.c_str());
  EXPECT_EQ(MemoryImage::OpenShared(file_, key_, &why, true), image);
  EXPECT_FALSE(MemoryImage::OpenShared(file_, std::string(kImageKeySize, 'b'), &why, true));
  EXPECT_EQ(why, "open: No such file or directory");
}

TEST_F(MemoryImageTest, OfThoseThatDoNotLastTheLastOnesStayOpen) {
  WriteOne();
  std::string why;
  const auto open = [&](const std::string& name, bool lasts) {
    const std::string file = folder_ + "/" + name;
    EXPECT_EQ(link(file_.c_str(), file.c_str()), 0);
    EXPECT_TRUE(MemoryImage::OpenShared(file, key_, &why, lasts)) << why;
    unlink(file.c_str());
    return file;
  };
  const auto is_open = [&](const std::string& file, bool lasts) {
    return MemoryImage::OpenShared(file, key_, &why, lasts) != nullptr;
  };
  const std::string lasting = open("lasting", true);
  const std::string first = open("first", false);
  const std::string second = open("second", false);
  for (std::size_t i = 2; i < kMostSharedImages; i++) open(std::to_string(i), false);
  // Asked for again, so that the other is the last.
  EXPECT_TRUE(is_open(first, false));
  open("one more", false);
  EXPECT_TRUE(is_open(first, false));
  EXPECT_FALSE(is_open(second, false));
  EXPECT_TRUE(is_open(lasting, true));
}

TEST_F(MemoryImageTest, OverAnotherHasWhatDiffers) {
  WriteOne();
  std::string why;
  const auto base = MemoryImage::Open(file_, key_, &why);
  ASSERT_TRUE(base) << why;
  memory_.page(71)[5] = 9;                       // within a run of the base
  std::memset(memory_.page(80), 0, kImagePage);  // all zeros where the base has something
  memory_.page(150)[0] = 7;                      // where the base has nothing
  const std::string wanted = memory_.Text();
  const std::string over = folder_ + "/over.image";
  ASSERT_EQ(WriteMemoryImage(over, key_, "over", memory_.bytes(), kSize, base.get()), "");

  const auto image = MemoryImage::Open(over, key_, &why, base);
  ASSERT_TRUE(image) << why;
  Memory other;
  other.Fill(0x55);
  ASSERT_EQ(image->MapOver(other.bytes()), "");
  EXPECT_EQ(other.Text(), wanted);
  // What one memory writes, another does not see.
  other.page(71)[5] = 1;
  Memory third;
  ASSERT_EQ(image->MapOver(third.bytes()), "");
  EXPECT_EQ(third.Text(), wanted);
}

// Bytes of random pages of the first `pages`; some are made zeros.
void Scribble(Memory* memory, std::size_t pages, std::size_t count, std::mt19937* random) {
  for (std::size_t i = 0; i < count; i++) {
    const std::size_t first = (*random)() % pages;
    const std::size_t end = std::min<std::size_t>(pages, first + 1 + (*random)() % 30);
    const int byte = static_cast<int>((*random)() % 3 * ((*random)() % 256));
    for (std::size_t page = first; page < end; page++) std::memset(memory->page(page), byte, kImagePage);
  }
}

TEST_F(MemoryImageTest, IsPutOverAMemoryThatHasItsBaseAndWasWrittenTo) {
  std::mt19937 random(7);
  for (int round = 0; round < 60; round++) {
    const std::size_t base_pages = 1 + random() % (kPages - 20);
    const std::size_t own_pages = base_pages + random() % 10;
    Memory made;
    Scribble(&made, base_pages, random() % 8, &random);
    ASSERT_EQ(WriteMemoryImage(file_, key_, "base", made.bytes(), base_pages * kImagePage), "");
    std::string why;
    const auto base = MemoryImage::Open(file_, key_, &why);
    ASSERT_TRUE(base) << why;
    Scribble(&made, own_pages, random() % 8, &random);
    const std::string over = folder_ + "/over.image";
    ASSERT_EQ(WriteMemoryImage(over, key_, "over", made.bytes(), own_pages * kImagePage, base.get()), "");
    const auto image = MemoryImage::Open(over, key_, &why, base);
    ASSERT_TRUE(image) << why;

    Memory memory;
    ASSERT_EQ(base->MapOver(memory.bytes()), "");
    // It has grown, too.
    Scribble(&memory, kPages, random() % 20, &random);
    ASSERT_EQ(image->PutOver(memory.bytes(), kSize), "") << "round " << round;
    EXPECT_TRUE(memory.Text() == made.Text()) << "round " << round;
    // What it writes from now on is its own.
    memory.Fill(1);
    Memory other;
    ASSERT_EQ(image->MapOver(other.bytes()), "");
    EXPECT_TRUE(other.Text() == made.Text()) << "round " << round;
  }
}

TEST_F(MemoryImageTest, IsPutOverNothingElse) {
  WriteOne();
  std::string why;
  const auto base = MemoryImage::Open(file_, key_, &why);
  ASSERT_TRUE(base) << why;
  EXPECT_NE(base->PutOver(memory_.bytes(), kSize), "");
  const std::string over = folder_ + "/over.image";
  memory_.page(1)[0] = 1;
  ASSERT_EQ(WriteMemoryImage(over, key_, "", memory_.bytes(), kSize, base.get()), "");
  const auto image = MemoryImage::Open(over, key_, &why, base);
  ASSERT_TRUE(image) << why;
  EXPECT_NE(image->PutOver(memory_.bytes(), kSize - kImagePage), "");
}

TEST_F(MemoryImageTest, OverAnotherIsBoundToIt) {
  WriteOne();
  std::string why;
  const auto base = MemoryImage::Open(file_, key_, &why);
  ASSERT_TRUE(base) << why;
  memory_.page(1)[0] = 1;
  const std::string over = folder_ + "/over.image";
  ASSERT_EQ(WriteMemoryImage(over, key_, "", memory_.bytes(), kSize, base.get()), "");
  EXPECT_FALSE(MemoryImage::Open(over, key_, &why));
  EXPECT_EQ(why, "it lies over another baseline snapshot");
  EXPECT_FALSE(MemoryImage::Open(file_, key_, &why, base));
  EXPECT_EQ(why, "it lies over another baseline snapshot");
  ASSERT_EQ(WriteMemoryImage(file_, key_, "", memory_.bytes(), kSize), "");
  const auto other = MemoryImage::Open(file_, key_, &why);
  EXPECT_FALSE(MemoryImage::Open(over, key_, &why, other));
  EXPECT_EQ(why, "it lies over another baseline snapshot");
}

TEST_F(MemoryImageTest, PagesThatAreAgainWhatItHoldsAreGivenUp) {
  WriteOne();
  std::string why;
  const auto image = MemoryImage::Open(file_, key_, &why);
  ASSERT_TRUE(image) << why;
  Memory other;
  ASSERT_EQ(image->MapOver(other.bytes()), "");
  madvise(other.bytes(), kSize, MADV_NOHUGEPAGE);
  for (const std::size_t page : std::initializer_list<std::size_t>{0, 70, 71, 72, 100, kPages - 1})
    other.page(page)[9] = 5;
  for (const std::size_t page : std::initializer_list<std::size_t>{30, 31, 72, kPages - 1}) other.page(page)[10] = 6;
  const std::string changed = other.Text();
  GivenUpPages pages;
  EXPECT_EQ(image->GiveEqualUp(other.bytes(), kSize, &pages), "");
  EXPECT_EQ(pages.given_up, 0u);
  EXPECT_EQ(pages.kept, 8u);
  EXPECT_EQ(other.Text(), changed);
  // As it was, but for two: one of the image's, and one of zeros.
  for (const std::size_t page : std::initializer_list<std::size_t>{0, 100, kPages - 1}) other.page(page)[9] = 0;
  for (const std::size_t page : std::initializer_list<std::size_t>{70, 71}) other.page(page)[9] = 2;
  for (const std::size_t page : std::initializer_list<std::size_t>{30, kPages - 1}) other.page(page)[10] = 0;
  const std::string wanted = other.Text();
  EXPECT_EQ(image->GiveEqualUp(other.bytes(), kSize, &pages), "");
  EXPECT_EQ(pages.given_up, 6u);
  EXPECT_EQ(pages.kept, 2u);
  std::vector<PageRun> runs;
  EXPECT_EQ(FindPrivatePages(other.bytes(), kSize, &runs), "");
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].first, 31u);
  EXPECT_EQ(runs[1].first, 72u);
  EXPECT_EQ(other.Text(), wanted);
  // It is a memory like any other.
  other.page(70)[1] = 8;
  other.page(72)[9] = other.page(72)[10] = 2;
  other.page(31)[10] = 0;
  EXPECT_EQ(other.page(70)[1], 8);
  EXPECT_EQ(image->GiveEqualUp(other.bytes(), kSize, &pages), "");
  EXPECT_EQ(pages.kept, 1u);
  other.page(70)[1] = 2;
  EXPECT_EQ(other.Text(), memory_.Text());
}

TEST_F(MemoryImageTest, PagesAreGivenUpOverAnotherAndBehindBoth) {
  WriteOne();
  std::string why;
  const auto base = MemoryImage::Open(file_, key_, &why);
  ASSERT_TRUE(base) << why;
  memory_.page(71)[5] = 9;
  std::memset(memory_.page(80), 0, kImagePage);
  memory_.page(150)[0] = 7;
  const std::string over = folder_ + "/over.image";
  constexpr std::size_t kLess = kSize - 8 * kImagePage;
  std::memset(memory_.page(kPages - 8), 0, 8 * kImagePage);
  ASSERT_EQ(WriteMemoryImage(file_, key_, "", memory_.bytes(), kLess), "");
  const auto less = MemoryImage::Open(file_, key_, &why);
  ASSERT_TRUE(less) << why;
  memory_.page(72)[0] = 3;
  ASSERT_EQ(WriteMemoryImage(over, key_, "", memory_.bytes(), kLess, less.get()), "");
  const auto image = MemoryImage::Open(over, key_, &why, less);
  ASSERT_TRUE(image) << why;
  Memory other;
  ASSERT_EQ(image->MapOver(other.bytes()), "");
  // Of each kind one that is what it was, and one that is not: of the upper image, of the lower one, of none, behind both.
  for (const std::size_t page : std::initializer_list<std::size_t>{72, 71, 70, 80, 100, 101, kPages - 8, kPages - 7}) {
    const char was = *static_cast<volatile char*>(other.page(page));
    *static_cast<volatile char*>(other.page(page)) = static_cast<char>(was + 1);
    *static_cast<volatile char*>(other.page(page)) = was;
  }
  for (const std::size_t page : std::initializer_list<std::size_t>{70, 101, kPages - 7}) other.page(page)[100] = 77;
  const std::string wanted = other.Text();
  GivenUpPages pages;
  EXPECT_EQ(image->GiveEqualUp(other.bytes(), kSize, &pages), "");
  EXPECT_EQ(pages.kept, 3u);
  EXPECT_EQ(pages.given_up, 5u);
  EXPECT_EQ(other.Text(), wanted);
}

}  // namespace
}  // namespace blockon
