#include "jspi/net/outbound_policy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace blockon {
namespace {

using Texts = std::vector<std::string>;

OutboundPolicy Parsed(const Texts& allow, const Texts& deny) {
  std::string error;
  const auto policy = OutboundPolicy::Parse(allow, deny, &error);
  EXPECT_TRUE(policy.has_value()) << error;
  return policy.value_or(OutboundPolicy());
}

std::string Error(const std::string& rule) {
  std::string error;
  EXPECT_FALSE(OutboundPolicy::Parse({}, {rule}, &error).has_value()) << rule;
  return error;
}

bool Allows(const OutboundPolicy& policy, const std::string& address, uint16_t port = 443, const Texts& names = {}) {
  const auto bytes = ParseAddress(address);
  EXPECT_TRUE(bytes.has_value()) << address;
  NameRules rules;
  for (const std::string& name : names) {
    const NameRules more = policy.RulesFor(name);
    rules.insert(rules.end(), more.begin(), more.end());
  }
  std::sort(rules.begin(), rules.end());
  return policy.Refusal(*bytes, port, rules).empty();
}

TEST(OutboundPolicyTest, AllowsAllByDefault) {
  const OutboundPolicy policy;
  EXPECT_TRUE(policy.allows_all());
  EXPECT_TRUE(Allows(policy, "127.0.0.1"));
  EXPECT_EQ(policy.NameRefusal("localhost"), "");
}

TEST(OutboundPolicyTest, ANameIsWrittenAsItIsLookedUp) {
  std::string error;
  EXPECT_FALSE(OutboundPolicy::Parse({},
                                     {"b\xc3\xa4"
                                      "d.example"},
                                     &error));
  EXPECT_NE(error.find("in ASCII (xn--...)"), std::string::npos) << error;
  EXPECT_TRUE(OutboundPolicy::Parse({}, {"xn--bd-via.example"}, &error));
}

TEST(OutboundPolicyTest, PrivateIsAllThatIsNotPublic) {
  const OutboundPolicy policy = Parsed({}, {"private"});
  for (const char* address : {"127.0.0.1",
                              "127.255.0.9",
                              "10.1.2.3",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.168.1.1",
                              "169.254.169.254",
                              "100.64.0.1",
                              "0.0.0.0",
                              "224.0.0.1",
                              "255.255.255.255",
                              "::1",
                              "::",
                              "fe80::1",
                              "fd00::1",
                              "fc00::",
                              "ff02::1",
                              "febf::1",
                              "fdff::1",
                              "2001:db8::1",
                              "2001:2::1",
                              "3fff::1",
                              "3fff:fff::1",
                              "5f00::1",
                              "64:ff9b:1::1",
                              "100::1"}) {
    EXPECT_FALSE(Allows(policy, address)) << address;
  }
  for (const char* address :
       {"1.1.1.1", "8.8.8.8", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "11.0.0.1", "2606:4700::1111",
        "2001:4860:4860::8888", "2001:3::1", "3ffe::1", "64:ff9b:2::1", "100:0:0:1::1"}) {
    EXPECT_TRUE(Allows(policy, address)) << address;
  }
}

TEST(OutboundPolicyTest, SeesAnIPv4AddressInsideOfAnIPv6One) {
  const OutboundPolicy policy = Parsed({}, {"private"});
  for (const char* address : {"::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::10.0.0.1",
                              "2002:7f00:1::", "2002:a9fe:a9fe::1", "::10.0.0.1"}) {
    EXPECT_FALSE(Allows(policy, address)) << address;
  }
  for (const char* address : {"::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2002:101:101::1"}) {
    EXPECT_TRUE(Allows(policy, address)) << address;
  }
}

TEST(OutboundPolicyTest, TakesTheAddressOfNoneForThisHost) {
  EXPECT_FALSE(Allows(Parsed({}, {"127.0.0.0/8"}), "0.0.0.0"));
  EXPECT_FALSE(Allows(Parsed({}, {"::1"}), "::"));
}

TEST(OutboundPolicyTest, ARangeIsOfOneFamily) {
  const OutboundPolicy policy = Parsed({"::/0"}, {});
  EXPECT_TRUE(Allows(policy, "2606:4700::1111"));
  EXPECT_FALSE(Allows(policy, "1.1.1.1"));
}

TEST(OutboundPolicyTest, MetadataIsThatOfTheClouds) {
  const OutboundPolicy policy = Parsed({}, {"metadata"});
  EXPECT_FALSE(Allows(policy, "169.254.169.254", 80));
  EXPECT_FALSE(Allows(policy, "::ffff:169.254.169.254", 80));
  EXPECT_FALSE(Allows(policy, "fd00:ec2::254", 80));
  EXPECT_TRUE(Allows(policy, "169.254.1.1", 80));
  EXPECT_TRUE(Allows(policy, "127.0.0.1", 80));
}

TEST(OutboundPolicyTest, MatchesRangesAndPorts) {
  const OutboundPolicy policy = Parsed({}, {"10.0.0.0/8:80", "192.0.2.7:1-1023", "[2001:db8::]/32", "[::1]:6379"});
  EXPECT_FALSE(Allows(policy, "10.9.9.9", 80));
  EXPECT_TRUE(Allows(policy, "10.9.9.9", 81));
  EXPECT_FALSE(Allows(policy, "192.0.2.7", 1));
  EXPECT_FALSE(Allows(policy, "192.0.2.7", 1023));
  EXPECT_TRUE(Allows(policy, "192.0.2.7", 1024));
  EXPECT_TRUE(Allows(policy, "192.0.2.8", 1));
  EXPECT_FALSE(Allows(policy, "2001:db8:1::9"));
  EXPECT_FALSE(Allows(policy, "::1", 6379));
  EXPECT_TRUE(Allows(policy, "::1", 6380));
  // A range of no bits is all of its family.
  EXPECT_FALSE(Allows(Parsed({}, {"0.0.0.0/0"}), "8.8.8.8"));
  EXPECT_TRUE(Allows(Parsed({}, {"0.0.0.0/0"}), "2606:4700::1111"));
  EXPECT_FALSE(Allows(Parsed({}, {"*"}), "2606:4700::1111"));
}

TEST(OutboundPolicyTest, MatchesTheNamesThatAnAddressWasFoundBy) {
  const OutboundPolicy policy = Parsed({"api.example.com:443", "*.internal.example"}, {});
  EXPECT_TRUE(Allows(policy, "1.2.3.4", 443, {"api.example.com"}));
  EXPECT_TRUE(Allows(policy, "1.2.3.4", 443, {"other.org", "API.Example.COM."}));
  EXPECT_FALSE(Allows(policy, "1.2.3.4", 80, {"api.example.com"}));
  EXPECT_FALSE(Allows(policy, "1.2.3.4", 443, {}));
  EXPECT_FALSE(Allows(policy, "1.2.3.4", 443, {"evilapi.example.com"}));
  EXPECT_TRUE(Allows(policy, "1.2.3.4", 1, {"a.b.internal.example"}));
  EXPECT_FALSE(Allows(policy, "1.2.3.4", 1, {"internal.example"}));
  EXPECT_FALSE(Allows(policy, "1.2.3.4", 1, {"xinternal.example"}));
}

TEST(OutboundPolicyTest, DenyWinsOverAllow) {
  const OutboundPolicy policy = Parsed({"*"}, {"private"});
  EXPECT_TRUE(Allows(policy, "1.1.1.1"));
  EXPECT_FALSE(Allows(policy, "10.0.0.1"));
  // An allowed name that leads to a private address: DNS rebinding.
  EXPECT_FALSE(Allows(Parsed({"a.example"}, {"private"}), "127.0.0.1", 443, {"a.example"}));
}

TEST(OutboundPolicyTest, SaysWhichRuleRefused) {
  const auto address = ParseAddress("10.0.0.1");
  EXPECT_EQ(Parsed({}, {"Private:80"}).Refusal(*address, 80, {}), "denied by the rule 'Private:80'");
  EXPECT_EQ(Parsed({"1.1.1.1"}, {}).Refusal(*address, 80, {}), "no rule allows it");
}

TEST(OutboundPolicyTest, RefusesNamesThatCannotBeAllowed) {
  const OutboundPolicy names = Parsed({"api.example.com:443"}, {});
  EXPECT_EQ(names.NameRefusal("API.example.com"), "");
  EXPECT_EQ(names.NameRefusal("secret.attacker.example"), "no rule allows it");
  EXPECT_EQ(Parsed({"api.example.com", "10.0.0.0/8"}, {}).NameRefusal("any.example"), "");
  EXPECT_EQ(Parsed({}, {"*.bad.example"}).NameRefusal("x.bad.example"), "denied by the rule '*.bad.example'");
  EXPECT_EQ(Parsed({}, {"x.bad.example:80"}).NameRefusal("x.bad.example"), "");
  EXPECT_EQ(Parsed({}, {"private"}).NameRefusal("localhost"), "");
}

TEST(OutboundPolicyTest, RefusesToAskForAddressesThatCannotBeConnectedTo) {
  const auto refusal = [](const OutboundPolicy& policy, const char* address) {
    return policy.AddressRefusal(*ParseAddress(address), {});
  };
  const OutboundPolicy policy = Parsed({"10.0.0.0/8:443", "1.1.1.1"}, {"10.1.0.0/16", "10.2.0.0/16:80"});
  EXPECT_EQ(refusal(policy, "10.9.9.9"), "");
  EXPECT_EQ(refusal(policy, "::ffff:10.9.9.9"), "");
  EXPECT_EQ(refusal(policy, "10.2.0.1"), "") << "but for one port";
  EXPECT_EQ(refusal(policy, "10.1.0.1"), "denied by the rule '10.1.0.0/16'");
  EXPECT_EQ(refusal(policy, "8.8.8.8"), "no rule allows it");
  EXPECT_EQ(refusal(OutboundPolicy(), "8.8.8.8"), "");
}

TEST(OutboundPolicyTest, SaysWhatIsWrongWithARule) {
  EXPECT_EQ(Error("10.0.0.0/33"), "the rule '10.0.0.0/33': the length of the prefix is not between 0 and 32");
  EXPECT_EQ(Error("[::1"), "the rule '[::1': the bracket is not closed");
  EXPECT_EQ(Error("[::1]x"), "the rule '[::1]x': what follows the bracket is no port");
  EXPECT_EQ(Error("[::1]:"), "the rule '[::1]:': the port is missing");
  EXPECT_EQ(Error("a.example:"), "the rule 'a.example:': the port is missing");
  const std::string ports = ": expected a port or FIRST-LAST between 0 and 65535";
  for (const char* rule : {"a:65536", "a:9-8", "a:http", "a:-1", "a:1-", "1.1.1.1:+80"}) {
    EXPECT_EQ(Error(rule), "the rule '" + std::string(rule) + "'" + ports);
  }
  for (const char* rule : {"", "a b", "300.1.1.1", "1.2.3", "*.*", "http://a.example", "a/8", "10.0.0.1/"}) {
    EXPECT_NE(Error(rule), "") << rule;
  }
}

}  // namespace
}  // namespace blockon
