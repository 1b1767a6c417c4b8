// Which lookup of the resolver's is next, so that no client's slow ones hold up another's.
//
//   1 Of one client at most kMostOfOneClient run at the same time.
//   2 kShared run at the same time, whoever asks. Beyond them each client that has none running may have one, up to kMost in all: so
//     a client waits for others' lookups only where kMost - kShared others or more have some running.
//   3 The next is one of those with the fewest running, and of those the one whose last began the longest ago: clients that wait take
//     turns, however many lookups one of them has in the queue. A client's own are in the order in which they came.
//
// Owner: the resolver, under its lock.
#ifndef BLOCKON_JSPI_NET_LOOKUP_QUEUE_H_
#define BLOCKON_JSPI_NET_LOOKUP_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

namespace blockon {

class Lookup;

// Whose lookups they are.
class LookupClient {
  friend class LookupQueue;
  int running_ = 0;  // with those that were let go of and that the system has not ended yet
  uint64_t last_begun_ = 0;
};

class LookupQueue {
 public:
  static constexpr int kMostOfOneClient = 4;
  static constexpr int kShared = 16;
  static constexpr int kMost = 64;

  struct Entry {
    std::shared_ptr<Lookup> lookup;
    std::shared_ptr<LookupClient> client;
  };

  void Add(Entry entry) { waiting_.push_back(std::move(entry)); }
  // The next, which runs from now on until Ended() is told; none while none may.
  std::optional<Entry> Begin();
  void Ended(LookupClient* client);
  // False when it does not wait here.
  bool Remove(const Lookup* lookup);

  int running() const { return running_; }
  size_t waiting() const { return waiting_.size(); }

 private:
  bool MayBegin(const LookupClient& client) const;

  std::deque<Entry> waiting_;
  int running_ = 0;
  uint64_t begun_ = 0;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_NET_LOOKUP_QUEUE_H_
