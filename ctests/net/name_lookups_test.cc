#include "jspi/net/name_lookups.h"

#include <arpa/inet.h>
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
    return *OutboundPolicy::Parse({}, {"127.0.0.1:25", "bad.example", "10.0.0.0/8"}, &error);
  }

  const OutboundPolicy policy_ = Policy();
  FoundNames names_{&policy_};
  NameLookups lookups_{&policy_, &names_};
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

TEST_F(NameLookupsTest, TakesNoNameThatTheResolverWouldRead) {
  for (const char* host : {"b\\097d.example", "b\\ad.example",
                           "\xef\xbd\x82"
                           "ad.example",
                           "bad .example", "bad.example\x7f"}) {
    EXPECT_EQ(Start(host), EAI_NONAME) << host;
    EXPECT_EQ(refusal_, "") << host;
  }
}

TEST_F(NameLookupsTest, KnowsTheFlagsThatRewriteNoName) {
  const int flags = AI_PASSIVE | AI_CANONNAME | AI_NUMERICHOST | AI_ADDRCONFIG | AI_V4MAPPED | AI_ALL | AI_NUMERICSERV;
  EXPECT_GT(lookups_.Start({.host = "127.0.0.1", .service = "80", .flags = flags}, [] {}, &refusal_), 0);
  for (const int flag : {0x40, 0x80, 0x100, 1 << 30}) {  // AI_IDN, AI_CANONIDN
    EXPECT_EQ(lookups_.Start({.host = "good.example", .flags = flag}, [] {}, &refusal_), EAI_BADFLAGS) << flag;
  }
}

TEST_F(NameLookupsTest, KnowsTheNameThatWasFoundAndTellsItWhoAsksForIt) {
  for (const int flags : {0, AI_CANONNAME}) {
    const int number = lookups_.Start({.host = "localhost", .flags = flags}, [] {}, &refusal_);
    ASSERT_GT(number, 0);
    ASSERT_TRUE(lookups_.Await(number, 20'000, 0));
    const Lookup* lookup = lookups_.Done(number);
    ASSERT_EQ(lookup->error(), 0);
    EXPECT_FALSE(lookup->found_name().empty());
    EXPECT_EQ(lookup->canonical_name(), flags == 0 ? "" : lookup->found_name());
  }
}

TEST_F(NameLookupsTest, FindTheNameOfAnAddress) {
  const auto start = [this](const char* text, int flags) {
    Lookup::Question question{.flags = flags, .address_size = sizeof(sockaddr_in)};
    auto* address = reinterpret_cast<sockaddr_in*>(&question.address);
    address->sin_family = AF_INET;
    address->sin_port = htons(80);
    inet_pton(AF_INET, text, &address->sin_addr);
    return lookups_.Start(question, [] {}, &refusal_);
  };
  const int number = start("192.0.2.7", NI_NUMERICHOST | NI_NUMERICSERV);
  ASSERT_GT(number, 0);
  ASSERT_TRUE(lookups_.Await(number, 0, 1));
  EXPECT_EQ(lookups_.Done(number)->canonical_name(), "192.0.2.7");
  EXPECT_EQ(lookups_.Done(number)->service(), "80");
  EXPECT_GT(start("127.0.0.1", 0), 0) << "one port of it alone is denied";
  EXPECT_EQ(start("10.0.0.1", 0), EAI_FAIL);
  EXPECT_EQ(refusal_, "the outbound policy refuses 10.0.0.1:80: denied by the rule '10.0.0.0/8'");
  EXPECT_GT(start("10.0.0.1", NI_NUMERICHOST), 0) << "nobody is asked";
}

// Of a name with so many lookups under way each ends, though few of them run at the same time.
TEST_F(NameLookupsTest, EndAll) {
  constexpr int kCount = 3 * LookupQueue::kMostOfOneClient;
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
