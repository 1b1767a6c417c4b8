#include "jspi/net/name_lookups.h"

#include <algorithm>
#include <utility>

namespace blockon {
namespace {

// Bytes of what is looked up.
constexpr size_t kLongestHost = 1024;
constexpr size_t kLongestService = 64;

const std::string kPolicyRefuses = "the outbound policy refuses ";

// The resolver knows escapes (backslashes) and, where it has libidn2, other alphabets: it would find another name than a rule is asked
// about.
bool IsPlainText(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > ' ' && c < 0x7f && c != '\\'; });
}

// What a program may ask for: nothing that rewrites names (AI_IDN, NI_IDN).
constexpr int kAddressFlags =
    AI_PASSIVE | AI_CANONNAME | AI_NUMERICHOST | AI_V4MAPPED | AI_ALL | AI_ADDRCONFIG | AI_NUMERICSERV;
constexpr int kNameFlags = NI_NUMERICHOST | NI_NUMERICSERV | NI_NOFQDN | NI_NAMEREQD | NI_DGRAM;

bool IsName(const std::string& host) { return !host.empty() && !ParseAddress(host); }

std::string AddressText(const sockaddr* address, socklen_t size) {
  char host[NI_MAXHOST];
  char port[NI_MAXSERV];
  if (::getnameinfo(address, size, host, sizeof(host), port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return "an unknown address";
  }
  std::string text = address->sa_family == AF_INET6 ? "[" : "";
  text += host;
  text += address->sa_family == AF_INET6 ? "]:" : ":";
  return text + port;
}

}  // namespace

std::string NameLookups::Refusal(const Lookup::Question& question) const {
  if (question.address_size > 0) {
    if ((question.flags & NI_NUMERICHOST) != 0 || policy_->allows_all()) return "";
    const auto* address = reinterpret_cast<const sockaddr*>(&question.address);
    const auto bytes = BytesOf(address, question.address_size);
    const std::string why = bytes ? policy_->AddressRefusal(*bytes, names_->RulesOf(*bytes)) : "";
    return why.empty() ? why : kPolicyRefuses + AddressText(address, question.address_size) + ": " + why;
  }
  if (!IsName(question.host)) return "";
  std::string why = policy_->NameRefusal(question.host);
  if (why.empty() && !names_->MayNote(question.host)) {
    why = "a rule denies ports of it, and there is no room for more addresses of such names";
  }
  return why.empty() ? why : kPolicyRefuses + question.host + ": " + why;
}

int NameLookups::Start(Lookup::Question question, std::function<void()> on_done, std::string* refusal) {
  refusal->clear();
  if (question.host.size() > kLongestHost || question.service.size() > kLongestService) return EAI_NONAME;
  // What the resolver would cut off or skip is no part of a name, and must not be of one that a rule is asked about.
  if (!IsPlainText(question.host) || !IsPlainText(question.service)) return EAI_NONAME;
  if ((question.flags & ~(question.address_size > 0 ? kNameFlags : kAddressFlags)) != 0) return EAI_BADFLAGS;
  *refusal = Refusal(question);
  if (!refusal->empty()) return EAI_FAIL;
  if (lookups_.size() >= kLimit) return EAI_AGAIN;
  question.for_policy = !policy_->allows_all() && IsName(question.host);
  last_ = last_ % (1 << 30) + 1;
  lookups_[last_].lookup = Resolver::Get().Start(std::move(question), client_, std::move(on_done));
  return last_;
}

bool NameLookups::Await(int number, int milliseconds, uint32_t token) {
  const auto found = lookups_.find(number);
  if (found == lookups_.end()) return true;
  found->second.token = token;
  const bool done = found->second.lookup->Wait(milliseconds);
  if (done) found->second.token = 0;
  return done;
}

const Lookup* NameLookups::Done(int number) const {
  const auto found = lookups_.find(number);
  return found != lookups_.end() && found->second.lookup->done() ? found->second.lookup.get() : nullptr;
}

void NameLookups::NoteNames(const Lookup& lookup) {
  const std::string& host = lookup.question().host;
  if (policy_->allows_all() || !IsName(host)) return;
  for (const ResolvedAddress& found : lookup.addresses()) {
    const auto bytes = BytesOf(reinterpret_cast<const sockaddr*>(&found.address), found.size);
    if (!bytes) continue;
    names_->Note(host, *bytes);
    names_->Note(lookup.found_name(), *bytes);
  }
}

void NameLookups::Drop(int number) {
  const auto found = lookups_.find(number);
  if (found == lookups_.end()) return;
  Resolver::Get().Cancel(found->second.lookup.get());
  lookups_.erase(found);
}

void NameLookups::Clear() {
  for (auto& [number, pending] : lookups_) Resolver::Get().Cancel(pending.lookup.get());
  lookups_.clear();
}

void NameLookups::Forget(uint32_t token) {
  for (auto& [number, pending] : lookups_) {
    if (pending.token == token) pending.token = 0;
  }
}

std::vector<uint32_t> NameLookups::TakeDone() {
  std::vector<uint32_t> tokens;
  for (auto& [number, pending] : lookups_) {
    if (pending.token != 0 && pending.lookup->done()) tokens.push_back(std::exchange(pending.token, 0));
  }
  return tokens;
}

size_t NameLookups::awaited() const {
  return static_cast<size_t>(
      std::count_if(lookups_.begin(), lookups_.end(), [](const auto& entry) { return entry.second.token != 0; }));
}

std::string NameLookups::ConnectRefusal(const sockaddr* address, socklen_t size) const {
  if (policy_->allows_all()) return "";
  const auto bytes = BytesOf(address, size);
  if (!bytes) return "it is no address of the internet";
  const std::string why = policy_->Refusal(*bytes, PortOf(address), names_->RulesOf(*bytes));
  return why.empty() ? why : kPolicyRefuses + AddressText(address, size) + ": " + why;
}

}  // namespace blockon
