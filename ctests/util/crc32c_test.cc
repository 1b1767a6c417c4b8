#include "jspi/util/crc32c.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace blockon {
namespace {

TEST(Crc32cTest, IsThatOfTheStandard) {
  // RFC 3720, B.4, and the check value of the polynomial.
  struct {
    std::string bytes;
    uint32_t checksum;
  } const kCases[] = {
      {"", 0},
      {"123456789", 0xe3069283},
      {std::string(32, '\0'), 0x8a9136aa},
      {std::string(32, '\xff'), 0x62a8ab43},
  };
  for (const auto& test : kCases) {
    EXPECT_EQ(Crc32c(test.bytes.data(), test.bytes.size()), test.checksum) << test.bytes;
    EXPECT_EQ(Crc32cByTable(test.bytes.data(), test.bytes.size()), test.checksum) << test.bytes;
  }
}

TEST(Crc32cTest, GoesOnBehindOtherBytes) {
  std::string bytes;
  for (int i = 0; i < 100; i++) bytes.push_back(static_cast<char>(i * 37));
  const uint32_t whole = Crc32cByTable(bytes.data(), bytes.size());
  for (std::size_t cut = 0; cut <= bytes.size(); cut++) {
    const uint32_t first = Crc32c(bytes.data(), cut);
    EXPECT_EQ(Crc32c(bytes.data() + cut, bytes.size() - cut, first), whole) << cut;
  }
}

TEST(Crc32cTest, IsTheSameForPiecesOfAnyLength) {
  std::string bytes;
  for (uint32_t i = 0, value = 1; i < 3 * 40'000; i++) {
    value = value * 1664525 + 1013904223;
    bytes.push_back(static_cast<char>(value >> 24));
  }
  for (const std::size_t size : {4095, 4096, 12'287, 12'288, 12'289, 24'575, 24'576, 36'900, 120'000}) {
    for (const std::size_t begin : {0, 1, 7}) {
      const std::size_t count = size - begin;
      EXPECT_EQ(Crc32c(bytes.data() + begin, count, 42), Crc32cByTable(bytes.data() + begin, count, 42)) << count;
    }
  }
}

}  // namespace
}  // namespace blockon
