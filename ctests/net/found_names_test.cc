#include "jspi/net/found_names.h"

#include <gtest/gtest.h>

#include <string>

namespace blockon {
namespace {

class FoundNamesTest : public testing::Test {
 protected:
  static OutboundPolicy Parsed(const std::vector<std::string>& allow, const std::vector<std::string>& deny) {
    std::string error;
    return *OutboundPolicy::Parse(allow, deny, &error);
  }
  static AddressBytes Address(int number) {
    return *ParseAddress("1.2." + std::to_string(number / 256) + "." + std::to_string(number % 256));
  }

  const OutboundPolicy policy_ = Parsed({"good.example", "*"}, {"bad.example:25", "*.worse.example:25-26"});
  FoundNames names_{&policy_, 10};

  bool Refuses(int number, uint16_t port) const {
    return !policy_.Refusal(Address(number), port, names_.RulesOf(Address(number))).empty();
  }
};

TEST_F(FoundNamesTest, KeepsTheRulesOfAllNamesOfAnAddress) {
  names_.Note("bad.example", Address(1));
  names_.Note("x.worse.example", Address(1));
  names_.Note("Bad.Example.", Address(1));
  EXPECT_TRUE(Refuses(1, 25));
  EXPECT_TRUE(Refuses(1, 26));
  EXPECT_FALSE(Refuses(1, 27));
  EXPECT_FALSE(Refuses(2, 25));
  EXPECT_EQ(names_.size(), 1u);
}

TEST_F(FoundNamesTest, KnowsAnAddressInEachOfItsForms) {
  const auto refuses = [&](const char* address) {
    const AddressBytes bytes = *ParseAddress(address);
    return !policy_.Refusal(bytes, 25, names_.RulesOf(bytes)).empty();
  };
  EXPECT_FALSE(refuses("0.0.0.0"));
  names_.Note("bad.example", *ParseAddress("127.0.0.1"));
  names_.Note("bad.example", *ParseAddress("64:ff9b::c0a8:101"));
  for (const char* address : {"127.0.0.1", "0.0.0.0", "::ffff:127.0.0.1", "192.168.1.1", "64:ff9b::c0a8:101"}) {
    EXPECT_TRUE(refuses(address)) << address;
  }
  EXPECT_FALSE(refuses("::1"));
  EXPECT_EQ(names_.size(), 2u);
}

TEST_F(FoundNamesTest, KeepsNothingOfNamesWithoutARule) {
  for (int i = 0; i < 100; i++) names_.Note("other" + std::to_string(i) + ".example", Address(i));
  EXPECT_EQ(names_.size(), 0u);
}

TEST_F(FoundNamesTest, ForgetsNoDeniedAddress) {
  names_.Note("bad.example", Address(0));
  for (int i = 1; i < 1000; i++) names_.Note("good.example", Address(i));
  for (int i = 0; i < 1000; i++) names_.Note("other" + std::to_string(i) + ".example", Address(0));
  EXPECT_EQ(names_.size(), 10u);
  EXPECT_TRUE(Refuses(0, 25));
  EXPECT_FALSE(names_.RulesOf(Address(999)).empty());
  EXPECT_TRUE(names_.RulesOf(Address(1)).empty());
}

TEST_F(FoundNamesTest, ForgetsTheLongestUnfound) {
  for (int i = 0; i < 10; i++) names_.Note("good.example", Address(i));
  names_.Note("good.example", Address(0));
  names_.Note("good.example", Address(10));
  EXPECT_FALSE(names_.RulesOf(Address(0)).empty());
  EXPECT_TRUE(names_.RulesOf(Address(1)).empty());
}

TEST_F(FoundNamesTest, IsFullOfDeniedAddresses) {
  for (int i = 0; i < 9; i++) names_.Note("bad.example", Address(i));
  names_.Note("good.example", Address(100));
  EXPECT_TRUE(names_.MayNote("bad.example"));
  // One that is denied takes the room of one that is not, and stays.
  names_.Note("bad.example", Address(100));
  EXPECT_FALSE(names_.MayNote("bad.example"));
  EXPECT_FALSE(names_.MayNote("a.worse.example"));
  EXPECT_TRUE(names_.MayNote("good.example"));
  EXPECT_TRUE(names_.MayNote("other.example"));
  // Of a lookup that was under way.
  names_.Note("bad.example", Address(200));
  EXPECT_TRUE(Refuses(200, 25));
  names_.Note("good.example", Address(300));
  EXPECT_EQ(names_.size(), 11u) << "there is no room for it";
}

}  // namespace
}  // namespace blockon
