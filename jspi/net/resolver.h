// Names to addresses, and addresses to names, by the system's resolver, which blocks: on threads of its own, a few for the process.
//
// libuv's getaddrinfo belongs to a loop, which cannot end before it; a lookup here is let go of at any time.
//
// Thread-safe. V8-free.
#ifndef BLOCKON_JSPI_NET_RESOLVER_H_
#define BLOCKON_JSPI_NET_RESOLVER_H_

#include <netdb.h>
#include <sys/socket.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

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
  // Whose lookups they are. Of one client so many run at the same time; its others wait in the queue, where they hold up nobody's.
  class Client {
    friend class Resolver;
    int running_ = 0;  // with those that were let go of and that the system has not ended yet
  };
  static constexpr int kMostOfOneClient = 4;

  static Resolver& Get();

  // Starts a lookup; one of a number, or for one, is done when this returns. Else `on_done` is called on another thread, unless Cancel()
  // came before.
  std::shared_ptr<Lookup> Start(Lookup::Question question, std::shared_ptr<Client> client,
                                std::function<void()> on_done);
  // After it, `on_done` is not called and not running; one that has not begun never does.
  void Cancel(Lookup* lookup);

 private:
  // At the same time; more wait for one of these to be free.
  static constexpr int kMostThreads = 16;

  struct Queued {
    std::shared_ptr<Lookup> lookup;
    std::shared_ptr<Client> client;
  };

  void Work();
  // The first in the queue whose client may have one more run.
  std::vector<Queued>::iterator Next();
  // False when the system has none.
  bool StartThread();

  std::mutex mutex_;
  std::condition_variable queued_;
  std::vector<Queued> queue_;
  int threads_ = 0;
  int idle_ = 0;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_NET_RESOLVER_H_
