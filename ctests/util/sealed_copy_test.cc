#include "jspi/util/sealed_copy.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "jspi/util/owned_fd.h"

namespace blockon {
namespace {

constexpr std::size_t kSize = 4096;

class SealTest : public testing::Test {
 protected:
  SealTest() : file_(NewMemoryFile()) {
    EXPECT_GE(file_.get(), 0);
    EXPECT_EQ(ftruncate(file_.get(), kSize), 0);
    // As long as somebody could write by it, the system has the file not sealed.
    mapping_ = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), 0);
    EXPECT_NE(mapping_, MAP_FAILED);
  }

  const OwnedFd file_;
  void* mapping_;
};

TEST_F(SealTest, WaitsForWhoHasHoldOfAPage) {
  std::thread other([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    munmap(mapping_, kSize);
  });
  EXPECT_TRUE(Seal(file_.get()));
  other.join();
  EXPECT_TRUE(IsSealed(file_.get()));
  EXPECT_LT(write(file_.get(), "x", 1), 0);
}

TEST_F(SealTest, FailsWhereItStays) {
  EXPECT_FALSE(Seal(file_.get()));
  EXPECT_EQ(errno, EBUSY);
  EXPECT_FALSE(IsSealed(file_.get()));
  munmap(mapping_, kSize);
}

TEST(Seal, FailsAtOnceWhereThereAreNoSeals) {
  EXPECT_FALSE(Seal(-1));
  EXPECT_EQ(errno, EBADF);
}

}  // namespace
}  // namespace blockon
