#include "jspi/util/memory_image.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "ctests/util/image_of_memory.h"
#include "jspi/util/image_header.h"

namespace blockon {
namespace {

class MemoryImageTest : public ImageOfMemory {
 protected:
  void WriteOne() {
    FillOne();
    ASSERT_TRUE(Made());
  }

  // Why it cannot be opened, "" when it can.
  std::string Refusal(const std::string& key) const {
    std::string why;
    const auto image = MemoryImage::Open(file_, key, &why);
    EXPECT_EQ(image == nullptr, !why.empty());
    return why;
  }
};

TEST_F(MemoryImageTest, MakesAnotherMemoryTheSame) {
  FillOne();
  const auto image = Made(kSize, "notes\n\xc3\xa9");
  ASSERT_TRUE(image);
  EXPECT_EQ(image->notes(), "notes\n\xc3\xa9");
  EXPECT_EQ(image->memory_size(), kSize);
  Memory other;
  other.Fill(9);  // what its instance wrote
  EXPECT_EQ(image->MapOver(other.bytes()), "");
  EXPECT_EQ(other.Text(), memory_.Text());
}

TEST_F(MemoryImageTest, IsNotChangedByWhoWritesToTheMemory) {
  FillOne();
  const auto image = Made();
  ASSERT_TRUE(image);
  Memory one;
  Memory two;
  EXPECT_EQ(image->MapOver(one.bytes()), "");
  one.Fill(9);
  EXPECT_EQ(image->MapOver(two.bytes()), "");
  EXPECT_EQ(two.Text(), memory_.Text());
}

TEST_F(MemoryImageTest, OutlivesItsFileAndItself) {
  FillOne();
  auto image = Made();
  ASSERT_TRUE(image);
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
  auto image = Made();
  ASSERT_TRUE(image);
  Memory other;
  other.Fill(9);
  EXPECT_EQ(image->MapOver(other.bytes()), "");
  EXPECT_EQ(other.Text(), std::string(kSize, '\0'));
  image = Made(0, "none");
  ASSERT_TRUE(image);
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

}  // namespace
}  // namespace blockon
