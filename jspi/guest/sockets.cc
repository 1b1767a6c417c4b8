// libc's functions for sockets, for those of the engine; other descriptors go on to Emscripten's.
//
// One that blocks tries at once, and waits only when the system would. CPython's own _socket, select and os come through here as
// any C code does.
#include "engine_api.h"
#include "outbound_refusal.h"
#include "parking_lot.h"
#include "python_api.h"
#include "socket_address.h"
#include "socket_files.h"
#include "socket_wait.h"
#include "syscall_error.h"

#define BLOCKON_EXPORT __attribute__((visibility("default")))

extern "C" {
// What these take the place of.
int accept(int fd, void* address, uint32_t* size);
int accept4(int fd, void* address, uint32_t* size, int flags);
int bind(int fd, const void* address, uint32_t size);
int connect(int fd, const void* address, uint32_t size);
int fcntl(int fd, int command, void* arguments);
int getpeername(int fd, void* address, uint32_t* size);
int getsockname(int fd, void* address, uint32_t* size);
int getsockopt(int fd, int level, int name, void* value, uint32_t* size);
int ioctl(int fd, int request, void* arguments);
int listen(int fd, int backlog);
int32_t read(int fd, void* data, uint32_t size);
int32_t recvfrom(int fd, void* data, uint32_t size, int flags, void* address, uint32_t* address_size);
int32_t recvmsg(int fd, void* message, int flags);
int32_t sendmsg(int fd, const void* message, int flags);
int32_t sendto(int fd, const void* data, uint32_t size, int flags, const void* address, uint32_t address_size);
int setsockopt(int fd, int level, int name, const void* value, uint32_t size);
int shutdown(int fd, int how);
int socketpair(int family, int type, int protocol, int* pair);
int32_t write(int fd, const void* data, uint32_t size);
}

namespace blockon {

SocketFile socket_files[kMostFiles];
uint32_t socket_generations[kMostFiles];
bool leaves_sockets = false;

namespace {

constexpr int kMsgWaitAll = 0x100;
constexpr int kMsgPeek = 2;
constexpr int kNonBlock = 2048;  // O_NONBLOCK

struct IoVector {
  char* data;
  uint32_t size;
};
struct MessageHeader {
  void* name;
  uint32_t name_size;
  IoVector* vectors;
  int vector_count;
  void* control;
  uint32_t control_size;
  int flags;
};

int Result(int result) { return result < 0 ? FailWith(-result) : result; }

bool MayWait(int fd, int flags) { return IsBlocking(fd) && (flags & kMsgDontWait) == 0; }

int32_t Receive(int fd, char* data, uint32_t size, int flags) {
  uint32_t received = 0;
  while (true) {
    if (MayWait(fd, flags) && GiveWay(fd) != 0) return received > 0 ? static_cast<int32_t>(received) : -1;
    const int result = blockon_socket_receive(fd, data + received, size - received, flags);
    if (result >= 0) {
      NoteSocketCall(static_cast<uint32_t>(result));
      received += static_cast<uint32_t>(result);
      const bool all = (flags & kMsgWaitAll) == 0 || (flags & kMsgPeek) != 0 || result == 0 || received == size;
      if (all || !IsBlocking(fd)) return static_cast<int32_t>(received);
      continue;
    }
    if (result != -kEAGAIN || !MayWait(fd, flags))
      return received > 0 ? static_cast<int32_t>(received) : Result(result);
    if (WaitForSocket(fd, kPollIn) < 0) return received > 0 ? static_cast<int32_t>(received) : -1;
  }
}

// A blocking one sends all, as Linux does, unless it is interrupted.
int32_t Send(int fd, const char* data, uint32_t size, int flags) {
  uint32_t sent = 0;
  while (true) {
    if (MayWait(fd, flags) && GiveWay(fd) != 0) return sent > 0 ? static_cast<int32_t>(sent) : -1;
    const int result = blockon_socket_send(fd, data + sent, size - sent, flags);
    if (result >= 0) {
      NoteSocketCall(static_cast<uint32_t>(result));
      sent += static_cast<uint32_t>(result);
      if (sent == size || !MayWait(fd, flags)) return static_cast<int32_t>(sent);
      continue;
    }
    if (result != -kEAGAIN || !MayWait(fd, flags)) return sent > 0 ? static_cast<int32_t>(sent) : Result(result);
    if (WaitForSocket(fd, kPollOut) < 0) return sent > 0 ? static_cast<int32_t>(sent) : -1;
  }
}

// What the last call was refused for, as a PermissionError.
int FailAsRefused() {
  const OutboundRefusal refusal;
  if (!refusal) return FailWith(kEPERM);
  AttachedThreadState attached;
  return FailWithOSError(kEPERM, refusal.text());
}

int FailToListen() {
  AttachedThreadState attached;
  return FailWithOSError(kEOPNOTSUPP, "sockets of this runtime connect; none can listen");
}

}  // namespace
}  // namespace blockon

using namespace blockon;

extern "C" {

// From the glue: this descriptor has become a socket of the engine, or is none any more.
BLOCKON_EXPORT void blockon_socket_opened(int fd, int blocking) { SetBlocking(fd, blocking != 0); }
BLOCKON_EXPORT void blockon_socket_closed(int fd) {
  socket_files[fd] = SocketFile::kNone;
  socket_generations[fd]++;
}
BLOCKON_EXPORT int blockon_socket_is_blocking(int fd) { return IsBlocking(fd) ? 1 : 0; }

BLOCKON_EXPORT int blockon_connect(int fd, const void* address, uint32_t size) {
  if (!IsSocketFile(fd)) return connect(fd, address, size);
  const int result = blockon_socket_connect(fd, address, size);
  if (result == -kEPERM) return FailAsRefused();
  if (result != -kEINPROGRESS || !IsBlocking(fd)) return Result(result);
  if (WaitForSocket(fd, kPollOut) < 0) return -1;
  const int error = TakeSocketError(fd);
  return error == 0 ? 0 : FailWith(error);
}

BLOCKON_EXPORT int blockon_bind(int fd, const void* address, uint32_t size) {
  return IsSocketFile(fd) ? Result(blockon_socket_bind(fd, address, size)) : bind(fd, address, size);
}

// None of the system's listens. Where Emscripten's can (WebSockets), it is one of those from now on, at its address.
BLOCKON_EXPORT int blockon_listen(int fd, int backlog) {
  if (IsSocketFile(fd)) {
    alignas(4) char address[kMostAddress];
    uint32_t size = sizeof(address);
    if (blockon_socket_name(fd, 1, address, &size) == 0) return FailWith(kEINVAL);  // it is connected
    size = sizeof(address);
    const int named = blockon_socket_name(fd, 0, address, &size);
    if (named != 0) return Result(named);
    // Emscripten's have addresses of IPv4 alone.
    if (size == kMostAddress || blockon_socket_become_websocket(fd) != 0) return FailToListen();
    if (bind(fd, address, size) != 0) return -1;
  }
  return listen(fd, backlog);
}

BLOCKON_EXPORT int blockon_accept(int fd, void* address, uint32_t* size) {
  return IsSocketFile(fd) ? FailWith(kEINVAL) : accept(fd, address, size);
}

BLOCKON_EXPORT int blockon_accept4(int fd, void* address, uint32_t* size, int flags) {
  return IsSocketFile(fd) ? FailWith(kEINVAL) : accept4(fd, address, size, flags);
}

BLOCKON_EXPORT int32_t blockon_recvfrom(int fd, void* data, uint32_t size, int flags, void* address,
                                        uint32_t* address_size) {
  if (!IsSocketFile(fd)) return recvfrom(fd, data, size, flags, address, address_size);
  if (address && address_size) *address_size = 0;  // a stream's data has no sender
  return Receive(fd, static_cast<char*>(data), size, flags);
}

BLOCKON_EXPORT int32_t blockon_recv(int fd, void* data, uint32_t size, int flags) {
  return blockon_recvfrom(fd, data, size, flags, nullptr, nullptr);
}

BLOCKON_EXPORT int32_t blockon_sendto(int fd, const void* data, uint32_t size, int flags, const void* address,
                                      uint32_t address_size) {
  if (!IsSocketFile(fd)) return sendto(fd, data, size, flags, address, address_size);
  return Send(fd, static_cast<const char*>(data), size, flags);
}

BLOCKON_EXPORT int32_t blockon_send(int fd, const void* data, uint32_t size, int flags) {
  return blockon_sendto(fd, data, size, flags, nullptr, 0);
}

BLOCKON_EXPORT int32_t blockon_read(int fd, void* data, uint32_t size) {
  return IsSocketFile(fd) ? Receive(fd, static_cast<char*>(data), size, 0) : read(fd, data, size);
}

BLOCKON_EXPORT int32_t blockon_write(int fd, const void* data, uint32_t size) {
  return IsSocketFile(fd) ? Send(fd, static_cast<const char*>(data), size, 0) : write(fd, data, size);
}

// Without ancillary data, which TCP has none of.
BLOCKON_EXPORT int32_t blockon_recvmsg(int fd, void* header, int flags) {
  if (!IsSocketFile(fd)) return recvmsg(fd, header, flags);
  auto* message = static_cast<MessageHeader*>(header);
  message->name_size = 0;
  message->control_size = 0;
  message->flags = 0;
  int32_t total = 0;
  for (int i = 0; i < message->vector_count; i++) {
    const IoVector& vector = message->vectors[i];
    if (vector.size == 0) continue;
    const int32_t received = Receive(fd, vector.data, vector.size, total > 0 ? flags | kMsgDontWait : flags);
    if (received < 0) return total > 0 ? total : -1;
    total += received;
    if (static_cast<uint32_t>(received) < vector.size) break;
  }
  return total;
}

BLOCKON_EXPORT int32_t blockon_sendmsg(int fd, const void* header, int flags) {
  if (!IsSocketFile(fd)) return sendmsg(fd, header, flags);
  const auto* message = static_cast<const MessageHeader*>(header);
  if (message->control_size > 0) return FailWith(kEOPNOTSUPP);
  int32_t total = 0;
  for (int i = 0; i < message->vector_count; i++) {
    const IoVector& vector = message->vectors[i];
    if (vector.size == 0) continue;
    const int32_t sent = Send(fd, vector.data, vector.size, flags);
    if (sent < 0) return total > 0 ? total : -1;
    total += sent;
    if (static_cast<uint32_t>(sent) < vector.size) break;
  }
  return total;
}

BLOCKON_EXPORT int blockon_shutdown(int fd, int how) {
  return IsSocketFile(fd) ? Result(blockon_socket_shutdown(fd, how)) : shutdown(fd, how);
}

BLOCKON_EXPORT int blockon_getsockname(int fd, void* address, uint32_t* size) {
  return IsSocketFile(fd) ? Result(blockon_socket_name(fd, 0, address, size)) : getsockname(fd, address, size);
}

BLOCKON_EXPORT int blockon_getpeername(int fd, void* address, uint32_t* size) {
  return IsSocketFile(fd) ? Result(blockon_socket_name(fd, 1, address, size)) : getpeername(fd, address, size);
}

BLOCKON_EXPORT int blockon_getsockopt(int fd, int level, int name, void* value, uint32_t* size) {
  return IsSocketFile(fd) ? Result(blockon_socket_get_option(fd, level, name, value, size))
                          : getsockopt(fd, level, name, value, size);
}

BLOCKON_EXPORT int blockon_setsockopt(int fd, int level, int name, const void* value, uint32_t size) {
  return IsSocketFile(fd) ? Result(blockon_socket_set_option(fd, level, name, value, size))
                          : setsockopt(fd, level, name, value, size);
}

// `arguments` points to the variadic ones.
BLOCKON_EXPORT int blockon_fcntl(int fd, int command, void* arguments) {
  constexpr int kGetFlags = 3;
  constexpr int kSetFlags = 4;
  constexpr int kReadWrite = 2;
  if (!IsSocketFile(fd) || (command != kGetFlags && command != kSetFlags)) return fcntl(fd, command, arguments);
  if (command == kGetFlags) return kReadWrite | (IsBlocking(fd) ? 0 : kNonBlock);
  SetBlocking(fd, (*static_cast<const int*>(arguments) & kNonBlock) == 0);
  return 0;
}

BLOCKON_EXPORT int blockon_ioctl(int fd, int request, void* arguments) {
  constexpr int kFionbio = 0x5421;
  if (!IsSocketFile(fd) || request != kFionbio) return ioctl(fd, request, arguments);
  SetBlocking(fd, **static_cast<const int* const*>(arguments) == 0);
  return 0;
}

BLOCKON_EXPORT int blockon_poll(PollFd* polls, uint32_t count, int timeout) {
  const Nanoseconds deadline = timeout < 0 ? kNever : DeadlineAfter(static_cast<Nanoseconds>(timeout) * 1'000'000);
  return PollSockets(polls, count, deadline);
}

struct TimeVal {
  int64_t seconds;
  int32_t microseconds;
};

// By poll(): libc has none of its own here. Sets are of 1024 bits.
BLOCKON_EXPORT int blockon_select(int limit, uint32_t* readable, uint32_t* writable, uint32_t* exceptional,
                                  const TimeVal* timeout) {
  constexpr int kSetSize = 1024;
  constexpr int16_t kPollPri = 2;
  if (limit < 0 || limit > kSetSize) return FailWith(kEINVAL);
  PollFd polls[kSetSize];
  uint32_t count = 0;
  const auto has = [](const uint32_t* set, int fd) { return set && (set[fd / 32] >> (fd % 32) & 1) != 0; };
  for (int fd = 0; fd < limit; fd++) {
    int16_t events = 0;
    if (has(readable, fd)) events |= kPollIn;
    if (has(writable, fd)) events |= kPollOut;
    if (has(exceptional, fd)) events |= kPollPri;
    if (events != 0) polls[count++] = {.fd = fd, .events = events, .revents = 0};
  }
  Nanoseconds deadline = kNever;
  if (timeout) deadline = DeadlineAfter(timeout->seconds * 1'000'000'000 + timeout->microseconds * 1'000LL);
  if (PollSockets(polls, count, deadline) < 0) return -1;
  uint32_t* const sets[] = {readable, writable, exceptional};
  for (uint32_t* set : sets) {
    if (set) memset(set, 0, kSetSize / 8);
  }
  int ready = 0;
  const auto add = [&ready](uint32_t* set, int fd) {
    set[fd / 32] |= 1u << (fd % 32);
    ready++;
  };
  for (uint32_t i = 0; i < count; i++) {
    const auto [fd, events, found] = polls[i];
    if (found & kPollNval) return FailWith(kEBADF);
    if ((events & kPollIn) && (found & (kPollIn | kPollHup | kPollErr))) add(readable, fd);
    if ((events & kPollOut) && (found & (kPollOut | kPollErr))) add(writable, fd);
    if ((events & kPollPri) && (found & kPollPri)) add(exceptional, fd);
  }
  return ready;
}

BLOCKON_EXPORT int blockon_socketpair(int family, int type, int protocol, int* pair) {
  return leaves_sockets ? socketpair(family, type, protocol, pair) : Result(blockon_socket_new_pair(pair));
}

// A pipe is two sockets, each of which is open in one direction: Emscripten's would not wait for the other end.
BLOCKON_EXPORT int blockon_pipe2(int* pair, int flags) {
  constexpr int kNoReceive = 0;
  constexpr int kNoSend = 1;
  const int result = blockon_socket_new_pair(pair);
  if (result < 0) return FailWith(-result);
  blockon_socket_shutdown(pair[0], kNoSend);
  blockon_socket_shutdown(pair[1], kNoReceive);
  if (flags & kNonBlock) {
    SetBlocking(pair[0], false);
    SetBlocking(pair[1], false);
  }
  return 0;
}

BLOCKON_EXPORT int blockon_pipe(int* pair) { return blockon_pipe2(pair, 0); }

}  // extern "C"
