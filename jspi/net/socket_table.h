// The sockets of one interpreter: TCP sockets of the system, by the number of the guest's file descriptor.
//
// Every socket is non-blocking; who blocks in the guest watches it here, and its fiber waits. A watch ends when it was told of an
// event, once. Calls return what the system's return, or minus an errno in the guest's numbers (guest_errno.h).
//
// The guest is not trusted: it can name its own sockets alone, none of them listens, and where it connects to is for an
// OutboundPolicy to allow.
//
// Owner: the caller. On the thread of the loop. V8-free.
#ifndef BLOCKON_JSPI_NET_SOCKET_TABLE_H_
#define BLOCKON_JSPI_NET_SOCKET_TABLE_H_

#include <poll.h>
#include <sys/socket.h>
#include <uv.h>

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "jspi/net/handle_count.h"

namespace blockon {

// As the guest's poll() has it, in its memory.
struct GuestPoll {
  int32_t fd;
  int16_t events;
  int16_t revents;
};
static_assert(sizeof(GuestPoll) == 8);

class SocketTable {
 public:
  // Open sockets at most.
  static constexpr size_t kLimit = 1024;

  class Listener {
   public:
    virtual ~Listener() = default;
    // From the event loop, and the table's last act, which may be ended in it: what these tokens watch is ready, and the watches have
    // ended.
    virtual void OnReady(const std::vector<uint32_t>& tokens) = 0;
    // From Close(): the same, since what they watched is gone. Its caller is the guest, which is not to be entered now.
    virtual void OnClosed(const std::vector<uint32_t>& tokens) = 0;
  };

  // `closing`: counts what libuv holds on to after this table is gone.
  SocketTable(uv_loop_t* loop, Listener* listener, std::shared_ptr<HandleCount> closing)
      : loop_(loop), listener_(listener), handles_(std::move(closing)) {}
  ~SocketTable() { CloseAll(); }
  SocketTable(const SocketTable&) = delete;
  SocketTable& operator=(const SocketTable&) = delete;

  // `fd` names no socket yet. IPv4 and IPv6 streams alone.
  int Open(int fd, int family, int type, int protocol);
  // Two that are connected with one another.
  int OpenPair(int fd, int other_fd);
  int Duplicate(int fd, int new_fd);
  // Closes; whoever watches it is told, by OnClosed().
  int Close(int fd);
  // Closes all, and tells nobody.
  void CloseAll();

  int Connect(int fd, const sockaddr* address, socklen_t size);
  int Bind(int fd, const sockaddr* address, socklen_t size);
  int64_t Receive(int fd, void* data, size_t size, int flags);
  int64_t Send(int fd, const void* data, size_t size, int flags);
  int Shutdown(int fd, int how);
  int LocalName(int fd, sockaddr_storage* address, socklen_t* size);
  int PeerName(int fd, sockaddr_storage* address, socklen_t* size);
  int GetOption(int fd, int level, int name, void* value, socklen_t* size);
  int SetOption(int fd, int level, int name, const void* value, socklen_t size);

  // Sets `revents`; the number of those with any. Blocks this thread for so long when there is none. A descriptor that is no
  // socket has POLLNVAL.
  int Poll(GuestPoll* polls, size_t count, int milliseconds);

  // Tells the listener once when one of `events` (POLLIN, POLLOUT) or an error comes.
  int Watch(int fd, int events, uint32_t token);
  // Ends all watches of the token.
  void Unwatch(uint32_t token);

  bool Has(int fd) const { return sockets_.contains(fd); }
  size_t size() const { return sockets_.size(); }
  size_t watches() const { return watched_.size(); }

 private:
  struct Watcher {
    uint32_t token;
    int events;
  };
  // Lives until libuv has let go of the handle. The socket's descriptor is closed with it.
  struct Poller {
    uv_poll_t handle;
    SocketTable* table = nullptr;
    int fd = -1;
    std::shared_ptr<HandleCount> handles;
    std::vector<Watcher> watchers;
    int started_for = 0;
  };
  struct Socket {
    int descriptor = -1;
    std::unique_ptr<Poller> poller;
  };

  Socket* Find(int fd);
  int Add(int fd, int descriptor);
  int StartPoller(int fd, Socket* socket);
  static void OnPoll(uv_poll_t* handle, int status, int events);
  void Update(Poller* poller);
  void Forget(uint32_t token, int fd);
  void Retire(Socket socket);

  uv_loop_t* const loop_;
  Listener* const listener_;
  const std::shared_ptr<HandleCount> handles_;
  std::unordered_map<int, Socket> sockets_;
  // The sockets that each token watches: whoever ends a watch is not to look through all sockets.
  std::unordered_multimap<uint32_t, int> watched_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_NET_SOCKET_TABLE_H_
