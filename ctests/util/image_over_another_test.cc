// An image that lies over another, as a Worker's snapshot does over the baseline.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <random>
#include <string>

#include "ctests/util/image_of_memory.h"
#include "jspi/util/memory_image.h"

namespace blockon {
namespace {

class ImageOverAnotherTest : public ImageOfMemory {};

TEST_F(ImageOverAnotherTest, HasWhatDiffers) {
  FillOne();
  const auto base = Made();
  ASSERT_TRUE(base);
  memory_.page(71)[5] = 9;                       // within a run of the base
  std::memset(memory_.page(80), 0, kImagePage);  // all zeros where the base has something
  memory_.page(150)[0] = 7;                      // where the base has nothing
  const std::string wanted = memory_.Text();
  const auto image = MadeOver(base);
  ASSERT_TRUE(image);
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

TEST_F(ImageOverAnotherTest, IsPutOverAMemoryThatHasItsBaseAndWasWrittenTo) {
  std::mt19937 random(7);
  for (int round = 0; round < 60; round++) {
    const std::size_t base_pages = 1 + random() % (kPages - 20);
    const std::size_t own_pages = base_pages + random() % 10;
    Memory made;
    Scribble(&made, base_pages, random() % 8, &random);
    ASSERT_EQ(WriteMemoryImage(file_, key_, "base", made.bytes(), base_pages * kImagePage), "");
    const auto base = Opened(file_, nullptr);
    ASSERT_TRUE(base);
    Scribble(&made, own_pages, random() % 8, &random);
    ASSERT_EQ(WriteMemoryImage(over_, key_, "over", made.bytes(), own_pages * kImagePage, base.get()), "");
    const auto image = Opened(over_, base);
    ASSERT_TRUE(image);

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

TEST_F(ImageOverAnotherTest, IsPutOverNothingElse) {
  FillOne();
  const auto base = Made();
  ASSERT_TRUE(base);
  EXPECT_NE(base->PutOver(memory_.bytes(), kSize), "");
  memory_.page(1)[0] = 1;
  const auto image = MadeOver(base);
  ASSERT_TRUE(image);
  EXPECT_NE(image->PutOver(memory_.bytes(), kSize - kImagePage), "");
}

TEST_F(ImageOverAnotherTest, IsBoundToIt) {
  FillOne();
  const auto base = Made();
  ASSERT_TRUE(base);
  memory_.page(1)[0] = 1;
  ASSERT_TRUE(MadeOver(base));
  const auto refusal = [this](const std::string& file, const std::shared_ptr<const MemoryImage>& under) {
    std::string why;
    EXPECT_FALSE(MemoryImage::Open(file, key_, &why, under));
    return why;
  };
  EXPECT_EQ(refusal(over_, nullptr), "it lies over another baseline snapshot");
  EXPECT_EQ(refusal(file_, base), "it lies over another baseline snapshot");
  EXPECT_EQ(refusal(over_, Made()), "it lies over another baseline snapshot");
}

}  // namespace
}  // namespace blockon
