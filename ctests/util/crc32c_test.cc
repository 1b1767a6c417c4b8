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

}  // namespace
}  // namespace blockon
