// Which rules of an OutboundPolicy go for an address since a realm, by its sockets or its fetch, looked up a name that has it.
//
// Kept are rules, not names, and only of addresses that there are any for: no number of other names that lead to the same address makes
// it forget one. An address that a rule of `deny` goes for is never forgotten; when there is room for no more of those, names that such
// a rule goes for are not to be looked up (MayNote).
//
// Owner: the caller, whose policy lives longer. V8-free.
#ifndef BLOCKON_JSPI_NET_FOUND_NAMES_H_
#define BLOCKON_JSPI_NET_FOUND_NAMES_H_

#include <cstddef>
#include <list>
#include <map>
#include <string_view>

#include "jspi/net/outbound_policy.h"

namespace blockon {

class FoundNames {
 public:
  // Addresses at most; the denied ones of lookups that were begun before it was reached come on top.
  static constexpr size_t kLimit = 4096;

  explicit FoundNames(const OutboundPolicy* policy, size_t limit = kLimit) : policy_(policy), limit_(limit) {}

  // False when what is found by this name could not be kept.
  bool MayNote(std::string_view name) const;
  void Note(std::string_view name, const AddressBytes& address);
  // Those that are known for this address.
  NameRules RulesOf(const AddressBytes& address) const;

  size_t size() const { return found_.size(); }

 private:
  struct Entry {
    NameRules rules;
    bool denied = false;
    std::list<AddressBytes>::iterator age{};  // in oldest_, where it is not denied
  };

  const OutboundPolicy* const policy_;
  const size_t limit_;
  std::map<AddressBytes, Entry> found_;
  // Those that may be forgotten, the longest unfound first.
  std::list<AddressBytes> oldest_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_NET_FOUND_NAMES_H_
