// Where an interpreter may connect to.
//
// A rule is WHAT or WHAT:PORTS. WHAT is an address, a range (10.0.0.0/8), a host name, *.DOMAIN for all below a domain, `*` for
// all, `private` for every address that is not public (loopback, private, link-local with the clouds' metadata, shared, reserved,
// multicast), or `metadata` for the clouds' metadata services alone. PORTS is a port or FIRST-LAST. An IPv6 address with ports is in
// brackets. An IPv4 address inside of an IPv6 one (mapped, NAT64, 6to4) counts as that IPv4 address.
//
// What a rule of `deny` matches is denied. If there is an `allow`, what none of its rules matches is denied too. Names are those by
// which the interpreter found the address.
//
// Immutable. V8-free.
#ifndef BLOCKON_JSPI_NET_OUTBOUND_POLICY_H_
#define BLOCKON_JSPI_NET_OUTBOUND_POLICY_H_

#include <netinet/in.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace blockon {

// An IPv6 address; IPv4 ones are mapped into ::ffff:0:0/96.
using AddressBytes = std::array<uint8_t, 16>;

// None for another family.
std::optional<AddressBytes> BytesOf(const sockaddr* address, socklen_t size);
// Of an address that has bytes.
uint16_t PortOf(const sockaddr* address);
std::optional<AddressBytes> ParseAddress(const std::string& text);
// Where it leads: this host for an address of none, the IPv4 address that is inside of it if there is one, else itself.
AddressBytes Unwrapped(const AddressBytes& address);

// Rules of a policy that go for a name, in order.
using NameRules = std::vector<uint32_t>;

class OutboundPolicy {
 public:
  // Allows everything.
  OutboundPolicy() = default;

  // None with `error` saying which rule is wrong and how.
  static std::optional<OutboundPolicy> Parse(const std::vector<std::string>& allow,
                                             const std::vector<std::string>& deny, std::string* error);

  // The rules for all ports or some that go for a host of this name.
  NameRules RulesFor(std::string_view name) const;
  // Whether one of them is of `deny`.
  bool Denies(const NameRules& rules) const;

  // Why this may not be connected to; empty when it may. `rules`: those of the names that it was found by.
  std::string Refusal(const AddressBytes& address, uint16_t port, const NameRules& rules) const;
  // Why nobody may ask who has this address, which tells its owner: no port of it may be connected to.
  std::string AddressRefusal(const AddressBytes& address, const NameRules& rules) const;
  // Why this name may not even be looked up: no address that it could have would be allowed.
  std::string NameRefusal(std::string_view name) const;

  bool allows_all() const { return allow_.empty() && deny_.empty(); }

 private:
  struct Rule {
    enum class Kind { kAll, kPrivate, kMetadata, kRange, kName, kDomain };
    std::string text;
    Kind kind = Kind::kAll;
    AddressBytes range{};
    int prefix_bits = 0;
    std::string name;
    uint16_t first_port = 0;
    uint16_t last_port = 65535;
  };

  static std::string ParseRule(const std::string& text, Rule* rule);
  static bool MatchesAddress(const Rule& rule, const AddressBytes& address);
  static bool MatchesName(const Rule& rule, std::string_view name);
  // `number` counts the rules of `allow`, and then those of `deny`.
  static bool Matches(const Rule& rule, uint32_t number, const AddressBytes& address, uint16_t port,
                      const NameRules& rules);
  static bool IsOfAllPorts(const Rule& rule) { return rule.first_port == 0 && rule.last_port == 65535; }
  static bool IsOfNames(const Rule& rule) { return rule.kind == Rule::Kind::kName || rule.kind == Rule::Kind::kDomain; }

  std::vector<Rule> allow_;
  std::vector<Rule> deny_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_NET_OUTBOUND_POLICY_H_
