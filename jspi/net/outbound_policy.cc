#include "jspi/net/outbound_policy.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

namespace blockon {
namespace {

struct Range {
  const char* address;
  int prefix_bits;  // of the family
};

// The registries of special-purpose addresses: RFC 6890 and its successors.
constexpr Range kPrivate[] = {
    {"0.0.0.0", 8},       {"10.0.0.0", 8},     {"100.64.0.0", 10}, {"127.0.0.0", 8},    {"169.254.0.0", 16},
    {"172.16.0.0", 12},   {"192.0.0.0", 24},   {"192.0.2.0", 24},  {"192.168.0.0", 16}, {"198.18.0.0", 15},
    {"198.51.100.0", 24}, {"203.0.113.0", 24}, {"224.0.0.0", 4},   {"240.0.0.0", 4},    {"::", 128},
    {"::1", 128},         {"100::", 64},       {"2001:db8::", 32}, {"64:ff9b:1::", 48}, {"168.63.129.16", 32},
    {"fc00::", 7},        {"fe80::", 10},      {"fec0::", 10},     {"ff00::", 8},       {"2001:2::", 48},
    {"3fff::", 20},       {"5f00::", 16},
};
constexpr Range kMetadata[] = {{"169.254.169.254", 32}, {"169.254.170.2", 32},   {"169.254.170.23", 32},
                               {"168.63.129.16", 32},   {"100.100.100.200", 32}, {"fd00:ec2::254", 128},
                               {"fd00:ec2::23", 128},   {"fd20:ce::254", 128},   {"fe80::a9fe:a9fe", 128}};

constexpr int kMappedBits = 96;
constexpr AddressBytes kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr AddressBytes kNat64{0, 0x64, 0xff, 0x9b};
constexpr AddressBytes k6To4{0x20, 0x02};

AddressBytes Map(const uint8_t* ipv4) {
  AddressBytes bytes = kMapped;
  std::copy_n(ipv4, 4, bytes.begin() + 12);
  return bytes;
}

bool InRange(const AddressBytes& address, const AddressBytes& range, int bits) {
  for (int i = 0; i < 16 && bits > 0; i++, bits -= 8) {
    const int mask = bits >= 8 ? 0xff : 0xff << (8 - bits);
    if ((address[i] & mask) != (range[i] & mask)) return false;
  }
  return true;
}

bool IsMapped(const AddressBytes& address) { return InRange(address, kMapped, kMappedBits); }

template <size_t n>
bool InAny(const AddressBytes& address, const Range (&ranges)[n]) {
  return std::any_of(std::begin(ranges), std::end(ranges), [&](const Range& range) {
    const AddressBytes start = *ParseAddress(range.address);
    return InRange(address, start, range.prefix_bits + (IsMapped(start) ? kMappedBits : 0));
  });
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : static_cast<char>(c);
  });
  return lower;
}

// A host name without the dot of the root.
std::string Normal(std::string_view name) {
  if (!name.empty() && name.back() == '.') name.remove_suffix(1);
  return Lower(name);
}

bool ParseNumber(std::string_view text, int most, int* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size() && *number >= 0 && *number <= most;
}

bool IsHostName(std::string_view name) {
  return !name.empty() && name.size() <= 253 && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  });
}

}  // namespace

AddressBytes Unwrapped(const AddressBytes& address) {
  // Linux connects to this host by the addresses of none.
  if (address == kMapped) return *ParseAddress("127.0.0.1");
  if (address == AddressBytes{}) return *ParseAddress("::1");
  if (InRange(address, kNat64, 96)) return Map(&address[12]);
  if (InRange(address, k6To4, 16)) return Map(&address[2]);
  // ::a.b.c.d, but for :: and ::1
  if (InRange(address, {}, 96) && !InRange(address, {}, 120)) return Map(&address[12]);
  return address;
}

std::optional<AddressBytes> BytesOf(const sockaddr* address, socklen_t size) {
  if (address->sa_family == AF_INET && size >= sizeof(sockaddr_in)) {
    return Map(reinterpret_cast<const uint8_t*>(&reinterpret_cast<const sockaddr_in*>(address)->sin_addr));
  }
  if (address->sa_family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
    AddressBytes bytes;
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, bytes.size());
    return bytes;
  }
  return std::nullopt;
}

uint16_t PortOf(const sockaddr* address) {
  return ntohs(address->sa_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(address)->sin6_port
                                              : reinterpret_cast<const sockaddr_in*>(address)->sin_port);
}

std::optional<AddressBytes> ParseAddress(const std::string& text) {
  uint8_t bytes[16];
  if (inet_pton(AF_INET, text.c_str(), bytes) == 1) return Map(bytes);
  if (inet_pton(AF_INET6, text.c_str(), bytes) != 1) return std::nullopt;
  AddressBytes address;
  std::copy_n(bytes, address.size(), address.begin());
  return address;
}

std::string OutboundPolicy::ParseRule(const std::string& text, Rule* rule) {
  rule->text = text;
  std::string what = Lower(text);
  std::string ports;
  if (what.starts_with('[')) {
    const size_t end = what.find(']');
    if (end == std::string::npos) return "the bracket is not closed";
    const std::string rest = what.substr(end + 1);
    what = what.substr(1, end - 1);
    if (!rest.empty() && rest[0] == '/') {
      const size_t colon = rest.find(':');
      what += rest.substr(0, colon);
      ports = colon == std::string::npos ? "" : rest.substr(colon);
    } else {
      ports = rest;
    }
    if (!ports.empty() && ports[0] != ':') return "what follows the bracket is no port";
    if (!ports.empty()) ports.erase(0, 1);
    if (ports.empty() && rest.ends_with(':')) return "the port is missing";
  } else if (std::count(what.begin(), what.end(), ':') == 1) {
    const size_t colon = what.find(':');
    ports = what.substr(colon + 1);
    what.resize(colon);
    if (ports.empty()) return "the port is missing";
  }
  if (!ports.empty()) {
    const size_t dash = ports.find('-');
    int first = 0;
    int last = 0;
    const std::string_view view = ports;
    if (!ParseNumber(view.substr(0, dash), 65535, &first) ||
        !ParseNumber(dash == std::string::npos ? view : view.substr(dash + 1), 65535, &last) || first > last) {
      return "expected a port or FIRST-LAST between 0 and 65535";
    }
    rule->first_port = static_cast<uint16_t>(first);
    rule->last_port = static_cast<uint16_t>(last);
  }
  if (what == "*") return "";
  if (what == "private" || what == "metadata") {
    rule->kind = what == "private" ? Rule::Kind::kPrivate : Rule::Kind::kMetadata;
    return "";
  }
  const size_t slash = what.find('/');
  if (const auto address = ParseAddress(what.substr(0, slash))) {
    const int family_bits = IsMapped(*address) ? 32 : 128;
    int bits = family_bits;
    if (slash != std::string::npos && !ParseNumber(std::string_view(what).substr(slash + 1), family_bits, &bits)) {
      return "the length of the prefix is not between 0 and " + std::to_string(family_bits);
    }
    rule->kind = Rule::Kind::kRange;
    rule->range = *address;
    rule->prefix_bits = bits + (family_bits == 32 ? kMappedBits : 0);
    return "";
  }
  const bool domain = what.starts_with("*.");
  rule->name = Normal(domain ? what.substr(2) : what);
  rule->kind = domain ? Rule::Kind::kDomain : Rule::Kind::kName;
  // A name of digits and dots alone is a mistyped address.
  if (!IsHostName(rule->name) || rule->name.find_first_not_of("0123456789.") == std::string::npos) {
    return "expected an address, a range, a host name in ASCII (xn--...), *.DOMAIN, *, private or metadata, and a port if wanted";
  }
  return "";
}

std::optional<OutboundPolicy> OutboundPolicy::Parse(const std::vector<std::string>& allow,
                                                    const std::vector<std::string>& deny, std::string* error) {
  OutboundPolicy policy;
  for (const auto& [texts, rules] : {std::pair{&allow, &policy.allow_}, std::pair{&deny, &policy.deny_}}) {
    for (const std::string& text : *texts) {
      const std::string wrong = ParseRule(text, &rules->emplace_back());
      if (wrong.empty()) continue;
      *error = "the rule '" + text + "': " + wrong;
      return std::nullopt;
    }
  }
  return policy;
}

bool OutboundPolicy::MatchesAddress(const Rule& rule, const AddressBytes& address) {
  switch (rule.kind) {
    case Rule::Kind::kAll:
      return true;
    case Rule::Kind::kPrivate:
      return InAny(address, kPrivate);
    case Rule::Kind::kMetadata:
      return InAny(address, kMetadata);
    case Rule::Kind::kRange:
      return IsMapped(rule.range) == IsMapped(address) && InRange(address, rule.range, rule.prefix_bits);
    case Rule::Kind::kName:
    case Rule::Kind::kDomain:
      return false;
  }
  return false;
}

bool OutboundPolicy::MatchesName(const Rule& rule, std::string_view name) {
  const std::string normal = Normal(name);
  if (rule.kind == Rule::Kind::kName) return normal == rule.name;
  return rule.kind == Rule::Kind::kDomain && normal.size() > rule.name.size() + 1 && normal.ends_with(rule.name) &&
         normal[normal.size() - rule.name.size() - 1] == '.';
}

NameRules OutboundPolicy::RulesFor(std::string_view name) const {
  NameRules rules;
  uint32_t number = 0;
  for (const std::vector<Rule>* list : {&allow_, &deny_}) {
    for (const Rule& rule : *list) {
      if (MatchesName(rule, name)) rules.push_back(number);
      number++;
    }
  }
  return rules;
}

bool OutboundPolicy::Denies(const NameRules& rules) const { return !rules.empty() && rules.back() >= allow_.size(); }

bool OutboundPolicy::Matches(const Rule& rule, uint32_t number, const AddressBytes& address, uint16_t port,
                             const NameRules& rules) {
  if (port < rule.first_port || port > rule.last_port) return false;
  if (MatchesAddress(rule, address) || MatchesAddress(rule, Unwrapped(address))) return true;
  return std::binary_search(rules.begin(), rules.end(), number);
}

std::string OutboundPolicy::Refusal(const AddressBytes& address, uint16_t port, const NameRules& rules) const {
  auto number = static_cast<uint32_t>(allow_.size());
  for (const Rule& rule : deny_) {
    if (Matches(rule, number++, address, port, rules)) return "denied by the rule '" + rule.text + "'";
  }
  if (allow_.empty()) return "";
  number = 0;
  for (const Rule& rule : allow_) {
    if (Matches(rule, number++, address, port, rules)) return "";
  }
  return "no rule allows it";
}

std::string OutboundPolicy::AddressRefusal(const AddressBytes& address, const NameRules& rules) const {
  auto number = static_cast<uint32_t>(allow_.size());
  for (const Rule& rule : deny_) {
    const bool matches = Matches(rule, number++, address, rule.first_port, rules);
    if (matches && IsOfAllPorts(rule)) return "denied by the rule '" + rule.text + "'";
  }
  if (allow_.empty()) return "";
  number = 0;
  for (const Rule& rule : allow_) {
    if (Matches(rule, number++, address, rule.first_port, rules)) return "";
  }
  return "no rule allows it";
}

std::string OutboundPolicy::NameRefusal(std::string_view name) const {
  for (const Rule& rule : deny_) {
    if (IsOfAllPorts(rule) && (rule.kind == Rule::Kind::kAll || MatchesName(rule, name))) {
      return "denied by the rule '" + rule.text + "'";
    }
  }
  if (allow_.empty()) return "";
  const bool may_be = std::any_of(allow_.begin(), allow_.end(),
                                  [&](const Rule& rule) { return !IsOfNames(rule) || MatchesName(rule, name); });
  return may_be ? "" : "no rule allows it";
}

}  // namespace blockon
