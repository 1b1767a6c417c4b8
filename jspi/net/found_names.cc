#include "jspi/net/found_names.h"

#include <algorithm>
#include <iterator>

namespace blockon {

bool FoundNames::MayNote(std::string_view name) const {
  const bool all_denied = found_.size() >= limit_ && oldest_.empty();
  return !all_denied || !policy_->Denies(policy_->RulesFor(name));
}

void FoundNames::Note(std::string_view name, const AddressBytes& found) {
  const AddressBytes address = Unwrapped(found);
  const NameRules rules = policy_->RulesFor(name);
  if (rules.empty()) return;
  const auto [place, is_new] = found_.try_emplace(address);
  Entry& entry = place->second;
  NameRules all;
  std::set_union(entry.rules.begin(), entry.rules.end(), rules.begin(), rules.end(), std::back_inserter(all));
  entry.rules = std::move(all);
  if (entry.denied) return;
  if (!is_new) oldest_.erase(entry.age);
  entry.denied = policy_->Denies(entry.rules);
  if (!entry.denied) entry.age = oldest_.insert(oldest_.end(), address);
  while (found_.size() > limit_ && !oldest_.empty()) {
    found_.erase(oldest_.front());
    oldest_.pop_front();
  }
}

NameRules FoundNames::RulesOf(const AddressBytes& address) const {
  const auto found = found_.find(Unwrapped(address));
  return found == found_.end() ? NameRules() : found->second.rules;
}

}  // namespace blockon
