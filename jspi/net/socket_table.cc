#include "jspi/net/socket_table.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "jspi/net/guest_errno.h"

namespace blockon {
namespace {

int LastError() { return -GuestErrno(errno); }
int Error(int host_errno) { return -GuestErrno(host_errno); }

int UvEvents(int poll_events) {
  int events = 0;
  if (poll_events & POLLIN) events |= UV_READABLE;
  if (poll_events & POLLOUT) events |= UV_WRITABLE;
  if (poll_events & POLLPRI) events |= UV_PRIORITIZED;
  // An error is told with any of them, and libuv watches nothing for none.
  return events != 0 ? events : UV_DISCONNECT;
}

// Those that mean the same in the guest and reach nothing but the socket.
bool IsKnownOption(int level, int name) {
  switch (level) {
    case SOL_SOCKET:
      return name == SO_REUSEADDR || name == SO_TYPE || name == SO_ERROR || name == SO_BROADCAST || name == SO_SNDBUF ||
             name == SO_RCVBUF || name == SO_KEEPALIVE || name == SO_OOBINLINE || name == SO_LINGER ||
             name == SO_REUSEPORT || name == SO_ACCEPTCONN || name == SO_PROTOCOL || name == SO_DOMAIN;
    case IPPROTO_TCP:
      return name == TCP_NODELAY || name == TCP_MAXSEG || name == TCP_KEEPIDLE || name == TCP_KEEPINTVL ||
             name == TCP_KEEPCNT || name == TCP_USER_TIMEOUT || name == TCP_QUICKACK;
    case IPPROTO_IP:
      return name == IP_TOS || name == IP_TTL;
    case IPPROTO_IPV6:
      return name == IPV6_V6ONLY || name == IPV6_UNICAST_HOPS || name == IPV6_TCLASS;
    default:
      return false;
  }
}

// A close that lingers blocks the thread; one that resets the connection does not.
void CloseAtOnce(int descriptor) {
  linger how{};
  socklen_t size = sizeof(how);
  if (::getsockopt(descriptor, SOL_SOCKET, SO_LINGER, &how, &size) == 0 && how.l_onoff != 0 && how.l_linger > 0) {
    how = {};
    ::setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &how, sizeof(how));
  }
  ::close(descriptor);
}

}  // namespace

void SocketTable::CloseAll() {
  for (auto& [fd, socket] : sockets_) Retire(std::move(socket));
  sockets_.clear();
}

SocketTable::Socket* SocketTable::Find(int fd) {
  const auto found = sockets_.find(fd);
  return found == sockets_.end() ? nullptr : &found->second;
}

int SocketTable::Add(int fd, int descriptor) {
  if (fd < 0 || sockets_.contains(fd) || sockets_.size() >= kLimit) {
    const int error = fd < 0 || sockets_.contains(fd) ? EBADF : EMFILE;
    ::close(descriptor);
    return Error(error);
  }
  sockets_[fd].descriptor = descriptor;
  return 0;
}

int SocketTable::Open(int fd, int family, int type, int protocol) {
  if (family != AF_INET && family != AF_INET6) return Error(EAFNOSUPPORT);
  if ((type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) != SOCK_STREAM) return Error(EPROTONOSUPPORT);
  if (protocol != 0 && protocol != IPPROTO_TCP) return Error(EPROTONOSUPPORT);
  const int descriptor = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  return descriptor < 0 ? LastError() : Add(fd, descriptor);
}

int SocketTable::OpenPair(int fd, int other_fd) {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0) return LastError();
  if (const int error = Add(fd, pair[0])) {
    ::close(pair[1]);
    return error;
  }
  if (const int error = Add(other_fd, pair[1])) {
    Close(fd);
    return error;
  }
  return 0;
}

int SocketTable::Duplicate(int fd, int new_fd) {
  const Socket* socket = Find(fd);
  if (!socket) return Error(EBADF);
  const int descriptor = ::fcntl(socket->descriptor, F_DUPFD_CLOEXEC, 0);
  return descriptor < 0 ? LastError() : Add(new_fd, descriptor);
}

int SocketTable::Close(int fd) {
  const auto found = sockets_.find(fd);
  if (found == sockets_.end()) return Error(EBADF);
  Socket socket = std::move(found->second);
  sockets_.erase(found);
  std::vector<uint32_t> tokens;
  if (socket.poller) {
    for (const Watcher& watcher : socket.poller->watchers) tokens.push_back(watcher.token);
  }
  Retire(std::move(socket));
  if (!tokens.empty()) listener_->OnClosed(tokens);
  return 0;
}

// libuv polls the descriptor until its handle is closed, which is in the loop's next turn.
void SocketTable::Retire(Socket socket) {
  Poller* poller = socket.poller.release();
  if (!poller) return CloseAtOnce(socket.descriptor);
  for (const Watcher& watcher : poller->watchers) Forget(watcher.token, poller->fd);
  poller->watchers.clear();
  poller->table = nullptr;
  uv_poll_stop(&poller->handle);
  // The peer is to see the end at once.
  CloseAtOnce(socket.descriptor);
  uv_close(reinterpret_cast<uv_handle_t*>(&poller->handle), [](uv_handle_t* handle) {
    auto* closed = static_cast<Poller*>(handle->data);
    closed->handles->Remove();
    delete closed;
  });
}

int SocketTable::Connect(int fd, const sockaddr* address, socklen_t size) {
  const Socket* socket = Find(fd);
  if (!socket) return Error(EBADF);
  return ::connect(socket->descriptor, address, size) == 0 ? 0 : LastError();
}

int SocketTable::Bind(int fd, const sockaddr* address, socklen_t size) {
  const Socket* socket = Find(fd);
  if (!socket) return Error(EBADF);
  return ::bind(socket->descriptor, address, size) == 0 ? 0 : LastError();
}

int64_t SocketTable::Receive(int fd, void* data, size_t size, int flags) {
  const Socket* socket = Find(fd);
  if (!socket) return Error(EBADF);
  if (flags & ~(MSG_PEEK | MSG_DONTWAIT | MSG_WAITALL | MSG_TRUNC)) return Error(EOPNOTSUPP);
  const ssize_t received = ::recv(socket->descriptor, data, size, flags & ~MSG_TRUNC);
  return received < 0 ? LastError() : received;
}

int64_t SocketTable::Send(int fd, const void* data, size_t size, int flags) {
  const Socket* socket = Find(fd);
  if (!socket) return Error(EBADF);
  if (flags & ~(MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE)) return Error(EOPNOTSUPP);
  const ssize_t sent = ::send(socket->descriptor, data, size, flags | MSG_NOSIGNAL);
  return sent < 0 ? LastError() : sent;
}

int SocketTable::Shutdown(int fd, int how) {
  const Socket* socket = Find(fd);
  if (!socket) return Error(EBADF);
  return ::shutdown(socket->descriptor, how) == 0 ? 0 : LastError();
}

int SocketTable::LocalName(int fd, sockaddr_storage* address, socklen_t* size) {
  const Socket* socket = Find(fd);
  if (!socket) return Error(EBADF);
  return ::getsockname(socket->descriptor, reinterpret_cast<sockaddr*>(address), size) == 0 ? 0 : LastError();
}

int SocketTable::PeerName(int fd, sockaddr_storage* address, socklen_t* size) {
  const Socket* socket = Find(fd);
  if (!socket) return Error(EBADF);
  return ::getpeername(socket->descriptor, reinterpret_cast<sockaddr*>(address), size) == 0 ? 0 : LastError();
}

int SocketTable::GetOption(int fd, int level, int name, void* value, socklen_t* size) {
  const Socket* socket = Find(fd);
  if (!socket) return Error(EBADF);
  if (!IsKnownOption(level, name)) return Error(ENOPROTOOPT);
  if (::getsockopt(socket->descriptor, level, name, value, size) != 0) return LastError();
  if (level == SOL_SOCKET && name == SO_ERROR && *size == sizeof(int)) {
    int error = 0;
    std::memcpy(&error, value, sizeof(error));
    error = GuestErrno(error);
    std::memcpy(value, &error, sizeof(error));
  }
  return 0;
}

int SocketTable::SetOption(int fd, int level, int name, const void* value, socklen_t size) {
  const Socket* socket = Find(fd);
  if (!socket) return Error(EBADF);
  if (!IsKnownOption(level, name)) return Error(ENOPROTOOPT);
  return ::setsockopt(socket->descriptor, level, name, value, size) == 0 ? 0 : LastError();
}

int SocketTable::Poll(GuestPoll* polls, size_t count, int milliseconds) {
  constexpr size_t kOnStack = 16;
  pollfd few[kOnStack];
  std::vector<pollfd> many;
  pollfd* host = few;
  if (count > kOnStack) {
    many.resize(count);
    host = many.data();
  }
  int unknown = 0;
  for (size_t i = 0; i < count; i++) {
    const Socket* socket = Find(polls[i].fd);
    if (!socket && polls[i].fd >= 0) unknown++;
    host[i] = {.fd = socket ? socket->descriptor : -1, .events = polls[i].events, .revents = 0};
  }
  if (::poll(host, count, unknown > 0 ? 0 : milliseconds) < 0) return LastError();
  int ready = 0;
  for (size_t i = 0; i < count; i++) {
    const bool valid = host[i].fd >= 0 || polls[i].fd < 0;
    polls[i].revents = valid ? host[i].revents : static_cast<int16_t>(POLLNVAL);
    if (polls[i].revents != 0) ready++;
  }
  return ready;
}

int SocketTable::StartPoller(int fd, Socket* socket) {
  auto poller = std::make_unique<Poller>();
  if (const int error = uv_poll_init_socket(loop_, &poller->handle, socket->descriptor)) return Error(-error);
  poller->handle.data = poller.get();
  poller->table = this;
  poller->fd = fd;
  poller->handles = handles_;
  handles_->Add();
  uv_unref(reinterpret_cast<uv_handle_t*>(&poller->handle));
  socket->poller = std::move(poller);
  return 0;
}

int SocketTable::Watch(int fd, int events, uint32_t token) {
  Socket* socket = Find(fd);
  if (!socket) return Error(EBADF);
  if (!socket->poller) {
    if (const int error = StartPoller(fd, socket)) return error;
  }
  std::vector<Watcher>& watchers = socket->poller->watchers;
  const auto known =
      std::find_if(watchers.begin(), watchers.end(), [&](const Watcher& one) { return one.token == token; });
  if (known != watchers.end()) {
    known->events |= UvEvents(events);
  } else {
    watchers.push_back({.token = token, .events = UvEvents(events)});
    watched_.emplace(token, fd);
  }
  Update(socket->poller.get());
  return 0;
}

void SocketTable::Unwatch(uint32_t token) {
  const auto [first, last] = watched_.equal_range(token);
  for (auto each = first; each != last; ++each) {
    Poller* const poller = Find(each->second)->poller.get();
    std::erase_if(poller->watchers, [token](const Watcher& watcher) { return watcher.token == token; });
    Update(poller);
  }
  watched_.erase(first, last);
}

// After the watcher was taken from the socket.
void SocketTable::Forget(uint32_t token, int fd) {
  const auto [first, last] = watched_.equal_range(token);
  const auto found = std::find_if(first, last, [fd](const auto& one) { return one.second == fd; });
  if (found != last) watched_.erase(found);
}

// A poller that nobody watches goes on until an event comes: a socket is watched again and again, and each start and stop is a call
// of the system. It keeps no process alive.
void SocketTable::Update(Poller* poller) {
  auto* handle = reinterpret_cast<uv_handle_t*>(&poller->handle);
  if (poller->watchers.empty()) {
    uv_unref(handle);
    return;
  }
  uv_ref(handle);
  int events = 0;
  for (const Watcher& watcher : poller->watchers) events |= watcher.events;
  if (events == poller->started_for) return;
  poller->started_for = events;
  uv_poll_start(&poller->handle, events, OnPoll);
}

void SocketTable::OnPoll(uv_poll_t* handle, int status, int events) {
  auto* poller = static_cast<Poller*>(handle->data);
  SocketTable* table = poller->table;
  if (!table) return;
  std::vector<uint32_t> tokens;
  std::erase_if(poller->watchers, [&](const Watcher& watcher) {
    const bool ready = status < 0 || (events & watcher.events) != 0;
    if (ready) tokens.push_back(watcher.token);
    return ready;
  });
  for (const uint32_t token : tokens) table->Forget(token, poller->fd);
  if (tokens.empty()) uv_poll_stop(handle);  // nobody reads what came, and it would come again in each turn
  // At an error libuv has stopped it.
  if (tokens.empty() || status < 0) poller->started_for = 0;
  table->Update(poller);
  if (!tokens.empty()) table->listener_->OnReady(tokens);
}

}  // namespace blockon
