// What the tests of memory images begin with: a memory of pages, and an image of it in a folder of the test's own.
#ifndef BLOCKON_CTESTS_UTIL_IMAGE_OF_MEMORY_H_
#define BLOCKON_CTESTS_UTIL_IMAGE_OF_MEMORY_H_

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstddef>
#include <cstring>
#include <memory>
#include <string>

#include "ctests/util/file_in_folder.h"
#include "jspi/util/image_header.h"
#include "jspi/util/memory_image.h"

namespace blockon {

inline constexpr std::size_t kPages = 200;
inline constexpr std::size_t kSize = kPages * kImagePage;

// Anonymous memory, as V8 has it.
class Memory {
 public:
  Memory()
      : bytes_(static_cast<char*>(mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {}
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory() { munmap(bytes_, kSize); }
  char* bytes() { return bytes_; }
  char* page(std::size_t number) { return bytes_ + number * kImagePage; }
  void Fill(char byte) { std::memset(bytes_, byte, kSize); }
  std::string Text() const { return {bytes_, kSize}; }

 private:
  char* const bytes_;
};

class ImageOfMemory : public testing::Test, public FileInFolder {
 protected:
  ImageOfMemory() : FileInFolder("an.image") {}

  // A memory with runs at its start, in the middle (of two pieces that lie close) and at its end.
  void FillOne() {
    memory_.page(0)[0] = 1;
    std::memset(memory_.page(70), 2, 3 * kImagePage);
    memory_.page(80)[kImagePage - 1] = 3;
    memory_.page(kPages - 1)[17] = 4;
  }

  // Writes the memory's first bytes as the image, over another if given, and opens it. None has failed the test.
  std::shared_ptr<const MemoryImage> Made(std::size_t size = kSize, const std::string& notes = "") {
    EXPECT_EQ(WriteMemoryImage(file_, key_, notes, memory_.bytes(), size), "");
    return Opened(file_, nullptr);
  }
  std::shared_ptr<const MemoryImage> MadeOver(const std::shared_ptr<const MemoryImage>& base,
                                              std::size_t size = kSize) {
    EXPECT_EQ(WriteMemoryImage(over_, key_, "over", memory_.bytes(), size, base.get()), "");
    return Opened(over_, base);
  }

  std::shared_ptr<const MemoryImage> Opened(const std::string& file, const std::shared_ptr<const MemoryImage>& base) {
    std::string why;
    std::shared_ptr<const MemoryImage> image = MemoryImage::Open(file, key_, &why, base);
    EXPECT_TRUE(image) << why;
    return image;
  }

  const std::string key_ = std::string(kImageKeySize, 'a');
  const std::string over_ = folder_ + "/over.image";
  Memory memory_;
};

}  // namespace blockon

#endif  // BLOCKON_CTESTS_UTIL_IMAGE_OF_MEMORY_H_
