#include "jspi/net/lookup_queue.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace blockon {

bool LookupQueue::MayBegin(const LookupClient& client) const {
  if (client.running_ >= kMostOfOneClient || running_ >= kMost) return false;
  return running_ < kShared || client.running_ == 0;
}

std::optional<LookupQueue::Entry> LookupQueue::Begin() {
  const auto rank = [](const Entry& entry) { return std::tuple(entry.client->running_, entry.client->last_begun_); };
  auto next = waiting_.end();
  for (auto one = waiting_.begin(); one != waiting_.end(); ++one) {
    if (MayBegin(*one->client) && (next == waiting_.end() || rank(*one) < rank(*next))) next = one;
  }
  if (next == waiting_.end()) return std::nullopt;
  Entry entry = std::move(*next);
  waiting_.erase(next);
  running_++;
  entry.client->running_++;
  entry.client->last_begun_ = ++begun_;
  return entry;
}

void LookupQueue::Ended(LookupClient* client) {
  running_--;
  client->running_--;
}

bool LookupQueue::Remove(const Lookup* lookup) {
  return std::erase_if(waiting_, [lookup](const Entry& one) { return one.lookup.get() == lookup; }) > 0;
}

}  // namespace blockon
