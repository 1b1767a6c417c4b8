#include "socket_wait.h"

#include "engine_api.h"
#include "parking_lot.h"
#include "run_sync.h"
#include "socket_files.h"
#include "socket_watch.h"
#include "syscall_error.h"
#include "wait.h"

extern "C" {
int poll(blockon::PollFd* polls, uint32_t count, int timeout);
int PyErr_SetInterruptEx(int signal);
int blockon_poll_signals();
}

namespace blockon {
namespace {

// How long this thread waits before it looks for signals.
constexpr int kSliceMilliseconds = 20;

// What a call for a socket costs, and what it moves, in settled promises that are read (fiber.h): about as long.
constexpr uint32_t kPeeksPerCall = 10;
constexpr uint32_t kBytesPerPeek = 1024;

// What a wait is told by.
uint32_t TokenOf(const Fiber* fiber) { return FiberToken(fiber->id()); }

// As poll() has it: -1 for no end.
int MillisecondsUntil(Nanoseconds deadline) {
  if (deadline == kNever) return -1;
  const Nanoseconds left = (deadline - Now() + 999'999) / 1'000'000;
  return left <= 0 ? 0 : left < INT32_MAX ? static_cast<int>(left) : INT32_MAX;
}

int SliceUntil(Nanoseconds deadline) {
  if (deadline == kNever) return kSliceMilliseconds;
  const Nanoseconds left = deadline - Now();
  if (left <= 0) return 0;
  const Nanoseconds milliseconds = (left + 999'999) / 1'000'000;
  return milliseconds < kSliceMilliseconds ? static_cast<int>(milliseconds) : kSliceMilliseconds;
}

// Between two slices: -1 when there is a signal.
int LookForSignals() {
  const int signal = blockon_poll_signals();
  if (signal == 0) return 0;
  PyErr_SetInterruptEx(signal);
  return FailWith(kEINTR);
}

// Suspends until the token is told or the deadline; what was watched is the caller's to end. 0, or -1 with errno set.
int Suspend(Fiber* fiber, const char* waits_for, Nanoseconds deadline) {
  Wait(fiber, NoPromise(), waits_for, deadline);
  return fiber->woken_by() == Wake::kCancelled ? FailWithRaised(kECANCELED) : 0;
}

// A turn of the event loop. 0, or -1 with errno set.
int WaitForTurn(Fiber* fiber) {
  AttachedThreadState attached;
  Wait(fiber, blockon_next_turn(), "its turn");
  return fiber->woken_by() == Wake::kCancelled ? FailWithRaised(kECANCELED) : 0;
}

// Those that are no sockets of the engine: how many are ready now.
int PollOthers(PollFd* polls, uint32_t count) {
  int ready = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (polls[i].fd >= 0 && !IsSocketFile(polls[i].fd)) ready += poll(&polls[i], 1, 0) > 0;
  }
  return ready;
}

// Sets `revents` of the sockets; the others keep theirs.
int PollEngine(PollFd* polls, uint32_t count, int others, int milliseconds) {
  if (others == 0) return blockon_socket_poll(polls, count, milliseconds);
  int ready = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (IsSocketFile(polls[i].fd)) {
      ready += blockon_socket_poll(&polls[i], 1, 0) > 0;
    } else {
      ready += polls[i].fd >= 0 && polls[i].revents != 0;
    }
  }
  return ready;
}

// Changes when one of them is closed, and with it perhaps what its number names.
uint32_t SumOfGenerations(const PollFd* polls, uint32_t count) {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (polls[i].fd >= 0 && polls[i].fd < kMostFiles) sum += socket_generations[polls[i].fd];
  }
  return sum;
}

Nanoseconds NextLook(Nanoseconds deadline) {
  const Nanoseconds next = DeadlineAfter(kSliceMilliseconds * 1'000'000LL);
  return next < deadline ? next : deadline;
}

int CountOthers(const PollFd* polls, uint32_t count) {
  int others = 0;
  for (uint32_t i = 0; i < count; i++) others += polls[i].fd >= 0 && !IsSocketFile(polls[i].fd);
  return others;
}

// The same as GiveWay() for several.
int GiveWay(const PollFd* polls, uint32_t count) {
  if (!CanSuspend() || Fiber::Current()->may_peek()) return 0;
  const uint32_t generations = SumOfGenerations(polls, count);
  if (WaitForTurn(Fiber::Current()) != 0) return -1;
  return SumOfGenerations(polls, count) == generations ? 0 : FailWith(kEBADF);
}

}  // namespace

int TakeSocketError(int fd) {
  int error = 0;
  uint32_t size = sizeof(error);
  constexpr int kSocketLevel = 1;
  constexpr int kSocketError = 4;
  const int asked = blockon_socket_get_option(fd, kSocketLevel, kSocketError, &error, &size);
  return asked != 0 ? -asked : error;
}

void NoteSocketCall(uint32_t bytes) {
  if (Fiber* fiber = Fiber::Current()) fiber->TakePeeks(kPeeksPerCall + bytes / kBytesPerPeek);
}

int GiveWay(int fd) {
  const PollFd one{.fd = fd, .events = 0, .revents = 0};
  return GiveWay(&one, 1);
}

int PollSockets(PollFd* polls, uint32_t count, Nanoseconds deadline) {
  const int others = CountOthers(polls, count);
  if (others > 0 && static_cast<uint32_t>(others) == count) return poll(polls, count, MillisecondsUntil(deadline));
  NoteSocketCall(0);
  if ((deadline == kNever || Now() < deadline) && GiveWay(polls, count) != 0) return -1;
  bool other_is_ready = others > 0 && PollOthers(polls, count) > 0;
  while (true) {
    int ready = PollEngine(polls, count, others, 0);
    if (ready < 0) return FailWith(-ready);
    if (ready > 0 || other_is_ready) return ready;
    if (deadline != kNever && Now() >= deadline) return 0;
    AttachedThreadState attached;
    if (CanSuspend()) {
      Fiber* fiber = Fiber::Current();
      const uint32_t generations = SumOfGenerations(polls, count);
      for (uint32_t i = 0; i < count; i++) {
        if (!IsSocketFile(polls[i].fd)) continue;
        const int error = blockon_socket_watch(polls[i].fd, polls[i].events, TokenOf(fiber));
        if (error == 0) continue;
        blockon_socket_unwatch(TokenOf(fiber));
        return FailWith(-error);
      }
      // Emscripten's files tell nobody that they are ready: they are asked again and again.
      const int result = Suspend(fiber, "a socket", others > 0 ? NextLook(deadline) : deadline);
      blockon_socket_unwatch(TokenOf(fiber));
      if (result != 0) return result;
      if (SumOfGenerations(polls, count) != generations) return FailWith(kEBADF);
      if (others > 0 && PollOthers(polls, count) > 0) other_is_ready = true;
    } else {
      ready = blockon_socket_poll(polls, others > 0 ? 0 : count, SliceUntil(deadline));
      if (ready < 0) return FailWith(-ready);
      if (others > 0 && PollOthers(polls, count) > 0) other_is_ready = true;
      if (LookForSignals() != 0) return -1;
    }
  }
}

int WaitForSocket(int fd, int16_t events) {
  PollFd one{.fd = fd, .events = events, .revents = 0};
  return PollSockets(&one, 1, kNever);
}

int WaitForLookup(int lookup) {
  AttachedThreadState attached;
  while (true) {
    if (CanSuspend()) {
      Fiber* fiber = Fiber::Current();
      if (blockon_lookup_await(lookup, 0, TokenOf(fiber)) != 0) return 0;
      const int result = Suspend(fiber, "a host's address", kNever);
      blockon_socket_unwatch(TokenOf(fiber));
      if (result != 0) return result;
    } else {
      if (blockon_lookup_await(lookup, kSliceMilliseconds, 0) != 0) return 0;
      if (LookForSignals() != 0) return -1;
    }
  }
}

}  // namespace blockon
