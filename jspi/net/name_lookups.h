// Name lookups under the outbound policy, by number: those of one interpreter, or of the host's own connections for it. What they found
// is noted for all of the realm.
//
// A lookup that is done is told to whom awaits it, by a token, by way of the owner: `on_done` is called on a thread of the resolver's,
// and is to have the owner's thread call TakeDone().
//
// Owner: the caller, on one thread; the policy and the names live longer. V8-free.
#ifndef BLOCKON_JSPI_NET_NAME_LOOKUPS_H_
#define BLOCKON_JSPI_NET_NAME_LOOKUPS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "jspi/net/found_names.h"
#include "jspi/net/outbound_policy.h"
#include "jspi/net/resolver.h"

namespace blockon {

class NameLookups {
 public:
  // That have been started and not dropped.
  static constexpr size_t kLimit = 256;

  NameLookups(const OutboundPolicy* policy, FoundNames* names) : policy_(policy), names_(names) {}
  ~NameLookups() { Clear(); }
  NameLookups(const NameLookups&) = delete;
  NameLookups& operator=(const NameLookups&) = delete;

  // A number > 0, or an EAI_ one, with `refusal` saying why when it is the policy's.
  int Start(Lookup::Question question, std::function<void()> on_done, std::string* refusal);
  // Whether it is done, after so many milliseconds at most; if not, TakeDone() has the token later, where that is not 0.
  bool Await(int number, int milliseconds, uint32_t token);
  // Null for one that is not done.
  const Lookup* Done(int number) const;
  // Has the policy know of what it found.
  void NoteNames(const Lookup& lookup);
  void Drop(int number);
  void Clear();

  // Nobody is to be told by this token any more.
  void Forget(uint32_t token);
  // Tokens of those that are done now.
  std::vector<uint32_t> TakeDone();
  // Those that somebody is to be told of.
  size_t awaited() const;

  // Why this may not be connected to; empty when it may.
  std::string ConnectRefusal(const sockaddr* address, socklen_t size) const;

 private:
  struct Pending {
    std::shared_ptr<Lookup> lookup;
    uint32_t token = 0;  // of who is to be told; 0 for nobody
  };

  std::string Refusal(const Lookup::Question& question) const;

  const OutboundPolicy* const policy_;
  std::map<int, Pending> lookups_;
  int last_ = 0;
  const std::shared_ptr<LookupClient> client_ = std::make_shared<LookupClient>();
  FoundNames* const names_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_NET_NAME_LOOKUPS_H_
