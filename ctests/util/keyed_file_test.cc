#include "jspi/util/keyed_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <utility>

#include "ctests/util/file_in_folder.h"

namespace blockon {
namespace {

class KeyedFileTest : public testing::Test, public FileInFolder {
 protected:
  std::string Refusal(const std::string& key) const {
    std::string bytes;
    return ReadKeyedFile(file_, key, &bytes);
  }

  const std::string key_ = std::string(kFileKeySize, 'a');
};

TEST_F(KeyedFileTest, GivesWhatWasWritten) {
  for (const std::string& written : {std::string("some\0bytes", 10), std::string(), std::string(100'000, 'x')}) {
    ASSERT_EQ(WriteKeyedFile(file_, key_, written), "");
    std::string bytes = "what was there";
    EXPECT_EQ(ReadKeyedFile(file_, key_, &bytes), "");
    EXPECT_EQ(bytes, written);
  }
}

TEST_F(KeyedFileTest, RefusesAnyFileThatIsNotWhole) {
  ASSERT_EQ(WriteKeyedFile(file_, key_, std::string(1000, 'x')), "");
  const std::string whole = Whole();
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{80}, whole.size() - 1}) {
    Put(whole.substr(0, size));
    EXPECT_EQ(Refusal(key_), "it is truncated") << size;
  }
  Put(whole + "x");
  EXPECT_EQ(Refusal(key_), "it is longer than written");
}

TEST_F(KeyedFileTest, RefusesEachByteThatIsNotWhatWasWritten) {
  ASSERT_EQ(WriteKeyedFile(file_, key_, std::string(1000, 'x')), "");
  const std::string whole = Whole();
  for (std::size_t place = 0; place < whole.size(); place++) {
    std::string damaged = whole;
    damaged[place] ^= 0x10;
    Put(damaged);
    EXPECT_NE(Refusal(key_), "") << place;
  }
}

TEST_F(KeyedFileTest, RefusesWhatIsForeignOrStale) {
  ASSERT_EQ(WriteKeyedFile(file_, key_, "bytes"), "");
  EXPECT_EQ(Refusal(std::string(kFileKeySize, 'b')), "it was made for another build, version or machine");
  Put(std::string(5000, 'x'));
  EXPECT_EQ(Refusal(key_), "it is no file of this version");
  unlink(file_.c_str());
  EXPECT_EQ(Refusal(key_), "open: No such file or directory");
  ASSERT_EQ(mkdir(file_.c_str(), 0700), 0);
  EXPECT_EQ(Refusal(key_), "read: Is a directory");
  rmdir(file_.c_str());
}

TEST_F(KeyedFileTest, RefusesAKeyThatCannotBe) {
  EXPECT_EQ(WriteKeyedFile(file_, "short", "bytes"), "the key is wrong");
  EXPECT_EQ(WriteKeyedFile(folder_ + "/none/a.file", key_, "bytes"), "open: No such file or directory");
}

TEST_F(KeyedFileTest, IsReadInPartsWhileItIsOpen) {
  const std::string written = std::string(300'000, 'x') + "the end";
  ASSERT_EQ(WriteKeyedFile(file_, key_, written), "");
  std::string why;
  const auto open = OpenKeyedFile::Open(file_, key_, &why);
  ASSERT_TRUE(open) << why;
  EXPECT_EQ(open->size(), written.size());
  std::string bytes(7, ' ');
  EXPECT_EQ(open->Read(bytes.data(), 7, 300'000), "");
  EXPECT_EQ(bytes, "the end");
  EXPECT_EQ(open->Read(bytes.data(), 0, written.size()), "");
  for (const auto& [size, at] :
       {std::pair{uint64_t{8}, uint64_t{300'000}}, {0, 300'008}, {~uint64_t{0}, 5}, {5, ~uint64_t{0}}}) {
    EXPECT_EQ(open->Read(bytes.data(), size, at), "there are no such bytes in it");
  }
  // What has been opened is not looked at again, and what is truncated cannot be read.
  truncate(file_.c_str(), 1000);
  EXPECT_EQ(OpenKeyedFile::Open(file_, key_, &why), open);
  EXPECT_EQ(open->Read(bytes.data(), 7, 300'000), "it is truncated");
}

TEST_F(KeyedFileTest, IsNotOpenedWhereItIsNotWhole) {
  std::string why;
  EXPECT_FALSE(OpenKeyedFile::Open(file_, key_, &why));
  EXPECT_EQ(why, "open: No such file or directory");
  ASSERT_EQ(WriteKeyedFile(file_, key_, std::string(300'000, 'x')), "");
  EXPECT_FALSE(OpenKeyedFile::Open(file_, std::string(kFileKeySize, 'b'), &why));
  EXPECT_EQ(why, "it was made for another build, version or machine");
  const std::string whole = Whole();
  Put(whole.substr(0, whole.size() - 1));
  EXPECT_FALSE(OpenKeyedFile::Open(file_, key_, &why));
  EXPECT_EQ(why, "it is truncated");
  Put(whole.substr(0, whole.size() - 1) + "y");
  EXPECT_FALSE(OpenKeyedFile::Open(file_, key_, &why));
  EXPECT_EQ(why, "it is damaged");
  Put(whole);
  EXPECT_TRUE(OpenKeyedFile::Open(file_, key_, &why));
}

}  // namespace
}  // namespace blockon
