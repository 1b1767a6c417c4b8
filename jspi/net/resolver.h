// Names to addresses, and addresses to names, by the system's resolver, which blocks: on threads of its own, a few for the
// process (lookup_queue.h).
//
// libuv's getaddrinfo belongs to a loop, which cannot end before it; a lookup here is let go of at any time.
//
// Thread-safe. V8-free.
#ifndef BLOCKON_JSPI_NET_RESOLVER_H_
#define BLOCKON_JSPI_NET_RESOLVER_H_

#include <netdb.h>
#include <sys/socket.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "jspi/net/lookup_queue.h"

namespace blockon {

struct ResolvedAddress {
  int family = 0;
  int type = 0;
  int protocol = 0;
  socklen_t size = 0;
  sockaddr_storage address{};
};

// What is asked for, and what came of it.
class Lookup {
 public:
  struct Question {
    std::string host{};     // empty: none
    std::string service{};  // empty: none
    int family = AF_UNSPEC;
    int type = 0;
    int protocol = 0;
    int flags = 0;
    // An address whose name is asked for, with flags of getnameinfo(); the rest is not looked at then.
    socklen_t address_size = 0;
    sockaddr_storage address{};
    // Whether the name that the system finds for the host, by its search domains and aliases, is to be known to the caller.
    bool for_policy = false;
  };

  explicit Lookup(Question question) : question_(std::move(question)) {}

  const Question& question() const { return question_; }
  bool done() const;
  // Blocks this thread until it is done, or so many milliseconds.
  bool Wait(int milliseconds) const;

  // When it is done: 0 or an EAI_ number, which glibc and musl have alike.
  int error() const { return error_; }
  const std::vector<ResolvedAddress>& addresses() const { return addresses_; }
  // Of the host, where it was asked for (AI_CANONNAME), or of the address.
  const std::string& canonical_name() const { return canonical_name_; }
  // The same for the caller, asked for or not.
  const std::string& found_name() const { return found_name_; }
  // Of the address.
  const std::string& service() const { return service_; }

 private:
  friend class Resolver;

  // Without asking anybody, where that can be; false if not.
  bool AnswerAtOnce();
  void Answer();
  void AnswerAddress(int extra_flags);
  void AnswerName();
  void Finish();

  const Question question_;
  mutable std::mutex mutex_;
  mutable std::condition_variable finished_;
  bool done_ = false;
  std::function<void()> on_done_;
  int error_ = 0;
  std::vector<ResolvedAddress> addresses_;
  std::string canonical_name_;
  std::string found_name_;
  std::string service_;
};

class Resolver {
 public:
  // How a lookup is answered; blocks. The system's resolver, but for tests.
  using Answerer = std::function<void(Lookup&)>;

  explicit Resolver(Answerer answer) : answer_(std::move(answer)) {}

  // Of the process.
  static Resolver& Get();

  // Starts a lookup; one of a number, or for one, is done when this returns. Else `on_done` is called, on any thread, unless Cancel() came
  // before.
  std::shared_ptr<Lookup> Start(Lookup::Question question, std::shared_ptr<LookupClient> client,
                                std::function<void()> on_done);
  // After it, `on_done` is not called and not running; one that has not begun never does.
  void Cancel(Lookup* lookup);

 private:
  void Work();
  // Has threads take what may begin now.
  void Dispatch();
  // False when the system has none.
  bool StartThread();

  const Answerer answer_;
  std::mutex mutex_;
  std::condition_variable begun_;
  LookupQueue queue_;
  // Of those that run, the ones that no thread has yet.
  std::deque<LookupQueue::Entry> due_;
  int threads_ = 0;
  int idle_ = 0;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_NET_RESOLVER_H_
