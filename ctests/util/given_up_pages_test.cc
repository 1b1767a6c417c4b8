// Pages of a memory that are again what its image holds.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

#include "ctests/util/image_of_memory.h"
#include "jspi/util/memory_image.h"
#include "jspi/util/page_runs.h"

namespace blockon {
namespace {

class GivenUpPagesTest : public ImageOfMemory {};

TEST_F(GivenUpPagesTest, AreThoseThatAreAgainWhatTheImageHolds) {
  FillOne();
  const auto image = Made();
  ASSERT_TRUE(image);
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

TEST_F(GivenUpPagesTest, LieOverAnotherAndBehindBoth) {
  FillOne();
  memory_.page(71)[5] = 9;
  std::memset(memory_.page(80), 0, kImagePage);
  memory_.page(150)[0] = 7;
  constexpr std::size_t kLess = kSize - 8 * kImagePage;
  std::memset(memory_.page(kPages - 8), 0, 8 * kImagePage);
  const auto less = Made(kLess);
  ASSERT_TRUE(less);
  // Enough to be mapped; what is copied is the memory's own from then on.
  for (std::size_t page = 72; page < 78; page++) memory_.page(page)[0] = 3;
  memory_.page(160)[0] = 5;
  const auto image = MadeOver(less, kLess);
  ASSERT_TRUE(image);
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
  EXPECT_EQ(pages.kept, 4u);
  EXPECT_EQ(pages.given_up, 5u);
  EXPECT_EQ(other.Text(), wanted);
}

}  // namespace
}  // namespace blockon
