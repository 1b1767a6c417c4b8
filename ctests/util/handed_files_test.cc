#include "jspi/util/handed_files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "ctests/util/file_in_folder.h"
#include "jspi/util/keyed_file.h"
#include "jspi/util/memory_image.h"
#include "jspi/util/owned_fd.h"
#include "jspi/util/sealed_copy.h"

namespace blockon {
namespace {

constexpr int kSeals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

class HandedFilesTest : public testing::Test, public FileInFolder {
 protected:
  HandedFilesTest() {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    read_end_ = ends[0];
    write_end_ = ends[1];
  }
  ~HandedFilesTest() override {
    DropHandedFiles();
    if (write_end_ >= 0) close(write_end_);
  }

  // A memory file with these bytes.
  static int Memory(const std::string& bytes, int seals = kSeals) {
    const int fd = NewMemoryFile();
    EXPECT_EQ(write(fd, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    EXPECT_EQ(fcntl(fd, F_ADD_SEALS, seals), 0);
    return fd;
  }
  bool Hand(int fd, const std::string& key) {
    return TakeHandedFiles(std::to_string(read_end_) + "," + std::to_string(fd) + "=" + key);
  }
  void Tell(const std::string& words) {
    EXPECT_EQ(write(write_end_, words.data(), words.size()), static_cast<ssize_t>(words.size()));
  }
  void EndPipe() {
    close(write_end_);
    write_end_ = -1;
  }
  // What is read with the file gone: what was handed over, if it is used.
  std::string Bytes(const std::string& key) const {
    unlink(file_.c_str());
    std::string why;
    const auto bytes = KeyedBytes::Open(file_, key, &why);
    return bytes ? std::string(bytes->view()) : why;
  }

  int read_end_;
  int write_end_;
  const std::string key_ = std::string(kHandedKeySize, 'a');
  const std::string missing_ = "open: No such file or directory";
};

TEST_F(HandedFilesTest, AreUsedInPlaceOfTheFile) {
  ASSERT_EQ(WriteKeyedFile(file_, key_, "bytes"), "");
  const OwnedFd from(open(file_.c_str(), O_RDONLY));
  const int memory = NewMemoryFile();
  ASSERT_TRUE(Hand(memory, key_));
  EXPECT_EQ(fcntl(memory, F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(fcntl(read_end_, F_GETFD), FD_CLOEXEC);
  ASSERT_EQ(CopyKeyedFile(from.get(), memory), "");
  EXPECT_TRUE(IsSealed(memory));
  Tell("+");
  EXPECT_EQ(Bytes(key_), "bytes");
  // It was given once.
  EXPECT_EQ(Bytes(key_), missing_);
  EXPECT_EQ(DropHandedFiles(), 1);
}

TEST_F(HandedFilesTest, AreWaitedForWhileTheyAreCopied) {
  ASSERT_EQ(WriteKeyedFile(file_, key_, std::string(3'000'000, 'x')), "");
  const OwnedFd from(open(file_.c_str(), O_RDONLY));
  const int memory = NewMemoryFile();
  ASSERT_TRUE(Hand(memory, key_));
  std::thread copier([&] {
    usleep(50'000);
    EXPECT_EQ(CopyKeyedFile(from.get(), memory), "");
    Tell("+");
  });
  EXPECT_EQ(Bytes(key_), std::string(3'000'000, 'x'));
  copier.join();
}

TEST_F(HandedFilesTest, AreNotUsedIfTheCopyFailedOrItsMakerEnded) {
  ASSERT_EQ(WriteKeyedFile(file_, key_, "bytes"), "");
  const std::string whole = Whole();
  ASSERT_TRUE(Hand(Memory(whole), key_));
  Tell("-");
  EXPECT_EQ(Bytes(key_), missing_);
  DropHandedFiles();

  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  read_end_ = ends[0];
  EndPipe();
  write_end_ = ends[1];
  ASSERT_TRUE(Hand(Memory(whole), key_));
  EndPipe();
  EXPECT_EQ(Bytes(key_), missing_);
}

TEST_F(HandedFilesTest, AreOfTheirKeySealedAndWhole) {
  ASSERT_EQ(WriteKeyedFile(file_, key_, "bytes"), "");
  const std::string whole = Whole();
  std::string damaged = whole;
  damaged[80] ^= 1;  // of the header
  const std::string other(kHandedKeySize, 'b');
  const std::vector<std::pair<int, std::string>> refused = {
      {Memory(whole, 0), key_},
      {Memory(whole, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SEAL), key_},
      {Memory(whole, F_SEAL_SHRINK | F_SEAL_GROW), key_},
      {Memory(whole), other},
      {Memory(whole.substr(0, 60)), key_},
      {Memory(whole.substr(0, whole.size() - 1)), key_},
      {Memory(damaged), key_},
      {Memory(""), key_},
  };
  std::string description = std::to_string(read_end_);
  for (const auto& [fd, key] : refused) description += "," + std::to_string(fd) + "=" + key;
  ASSERT_TRUE(TakeHandedFiles(description));
  Tell(std::string(refused.size(), '+'));
  for (std::size_t i = 0; i < refused.size(); i++) EXPECT_EQ(Bytes(key_), missing_) << i;
  EXPECT_EQ(Bytes(other), missing_);
  // The header of one was found to be damaged, and one to be too short, when they were read: they are of the key, and sealed.
  EXPECT_EQ(DropHandedFiles(), 2);
}

TEST_F(HandedFilesTest, TakesNoDescriptionOfAnythingElse) {
  const int plain = open("/dev/null", O_RDONLY);
  const std::string pipe = std::to_string(read_end_);
  const std::string memory = std::to_string(Memory("x"));
  for (const std::string& text : {std::string(), std::string("x"), std::string("-1"), std::string("1,2=") + key_,
                                  std::string("99999"), memory, pipe + "x", pipe + ",", pipe + "," + memory,
                                  pipe + "," + memory + "=short", pipe + "," + std::to_string(plain) + "=" + key_,
                                  pipe + ",99999=" + key_, pipe + "," + memory + "=" + key_ + "more"}) {
    EXPECT_FALSE(TakeHandedFiles(text)) << text;
  }
  // They are not this module's to close.
  EXPECT_GE(fcntl(plain, F_GETFD), 0);
  EXPECT_GE(fcntl(read_end_, F_GETFD), 0);
  close(plain);
}

TEST_F(HandedFilesTest, AreClosedWhenNobodyAsksForThem) {
  const int memory = Memory("x");
  ASSERT_TRUE(Hand(memory, key_));
  DropHandedFiles();
  EXPECT_LT(fcntl(memory, F_GETFD), 0);
  EXPECT_LT(fcntl(read_end_, F_GETFD), 0);
}

TEST_F(HandedFilesTest, HoldAnImageOfMemory) {
  const std::vector<char> memory(8 * kImagePage, 7);
  ASSERT_EQ(WriteMemoryImage(file_, key_, "notes", memory.data(), memory.size()), "");
  for (const bool is_damaged : {false, true}) {
    if (is_damaged) {
      std::string bytes = Whole();
      bytes[bytes.size() - 1] ^= 1;
      Put(bytes);
    }
    const OwnedFd from(open(file_.c_str(), O_RDONLY));
    const OwnedFd copy(NewMemoryFile());
    EXPECT_EQ(CopyMemoryImage(from.get(), copy.get()), is_damaged ? "it is damaged" : "");
    EXPECT_EQ(IsSealed(copy.get()), !is_damaged);
    if (is_damaged) break;
    ASSERT_TRUE(Hand(dup(copy.get()), key_));
    Tell("+");
    std::string why;
    const auto image = MemoryImage::Open("/nowhere", key_, &why);
    ASSERT_TRUE(image) << why;
    EXPECT_EQ(image->notes(), "notes");
    void* const other = mmap(nullptr, memory.size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_EQ(image->MapOver(other), "");
    EXPECT_EQ(std::string(static_cast<char*>(other), memory.size()), std::string(memory.data(), memory.size()));
    munmap(other, memory.size());
  }
}

}  // namespace
}  // namespace blockon
