#include "jspi/net/name_lookups.h"

#include <gtest/gtest.h>

#include <string>

namespace blockon {
namespace {

class NameLookupsTest : public testing::Test {
 protected:
  int Start(const std::string& host) {
    return lookups_.Start({.host = host, .service = "80", .type = SOCK_STREAM}, [] {}, &refusal_);
  }

  static OutboundPolicy Policy() {
    std::string error;
    return *OutboundPolicy::Parse({}, {"127.0.0.1:25", "bad.example"}, &error);
  }

  const OutboundPolicy policy_ = Policy();
  NameLookups lookups_{&policy_};
  std::string refusal_;
};

TEST_F(NameLookupsTest, AnswersNumbersAtOnce) {
  const int number = Start("127.0.0.1");
  ASSERT_GT(number, 0);
  EXPECT_TRUE(lookups_.Await(number, 0, 7));
  EXPECT_EQ(lookups_.awaited(), 0u);
  ASSERT_EQ(lookups_.Done(number)->addresses().size(), 1u);
  const ResolvedAddress found = lookups_.Done(number)->addresses()[0];
  EXPECT_EQ(lookups_.ConnectRefusal(reinterpret_cast<const sockaddr*>(&found.address), found.size), "");
  lookups_.Drop(number);
  EXPECT_EQ(lookups_.Done(number), nullptr);
  EXPECT_TRUE(lookups_.Await(number, 0, 7)) << "there is nothing to wait for";
}

TEST_F(NameLookupsTest, AreLimited) {
  int first = 0;
  for (size_t i = 0; i < NameLookups::kLimit; i++) {
    const int number = Start("127.0.0.1");
    ASSERT_GT(number, 0);
    if (first == 0) first = number;
  }
  EXPECT_EQ(Start("127.0.0.1"), EAI_AGAIN);
  EXPECT_EQ(refusal_, "");
  lookups_.Drop(first);
  EXPECT_GT(Start("127.0.0.1"), 0);
}

TEST_F(NameLookupsTest, AsksThePolicyAndForgetsItsReason) {
  EXPECT_EQ(Start("bad.example"), EAI_FAIL);
  EXPECT_EQ(refusal_, "the outbound policy refuses bad.example: denied by the rule 'bad.example'");
  EXPECT_EQ(Start(std::string(2000, 'a')), EAI_NONAME);
  EXPECT_EQ(refusal_, "");
}

// Of a name with so many lookups under way each ends, though few of them run at the same time.
TEST_F(NameLookupsTest, EndAll) {
  constexpr int kCount = 3 * Resolver::kMostOfOneClient;
  int numbers[kCount];
  for (int& number : numbers) number = Start("localhost");
  for (const int number : numbers) {
    while (!lookups_.Await(number, 1000, 0)) {
    }
    EXPECT_NE(lookups_.Done(number), nullptr);
  }
}

}  // namespace
}  // namespace blockon
