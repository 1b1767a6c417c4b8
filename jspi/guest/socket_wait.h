// Waiting for sockets and for what else the engine's sockets know of: a fiber suspends; where nothing can be suspended, this
// thread waits, and looks for signals meanwhile.
//
// Called with a thread state attached or not: CPython lets go of it around calls of the system.
#ifndef BLOCKON_JSPI_GUEST_SOCKET_WAIT_H_
#define BLOCKON_JSPI_GUEST_SOCKET_WAIT_H_

#include <stdint.h>

#include "timers.h"

namespace blockon {

// As <poll.h> has it.
struct PollFd {
  int fd;
  int16_t events;
  int16_t revents;
};
enum : int16_t { kPollIn = 1, kPollOut = 4, kPollErr = 8, kPollHup = 16, kPollNval = 32 };

// As <sys/socket.h> has it: a flag of recv() and send().
constexpr int kMsgDontWait = 0x40;

// Waits until one of them is ready and sets `revents`: how many are, 0 when the time is over, -1 with errno set (syscall_error.h for
// EINTR). EBADF when one of them is closed meanwhile. Descriptors that are no sockets
// of the engine are asked every 20 ms beside one; without one that is Emscripten's poll.
int PollSockets(PollFd* polls, uint32_t count, Nanoseconds deadline);

// The same for one: 1 when it is ready.
int WaitForSocket(int fd, int16_t events);

// What a connection that was waited for came to: 0 or an errno, told once.
int TakeSocketError(int fd);

// Notes a call for a socket that did not wait, and how many bytes it moved.
void NoteSocketCall(uint32_t bytes);

// Lets others run where the fiber has made so many such calls that it is their turn: 0, or -1 with errno set. EBADF when the
// descriptor was closed meanwhile. For a call that may wait.
int GiveWay(int fd);

// Waits for a lookup to end: 0, or -1 with errno set.
int WaitForLookup(int lookup);

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_SOCKET_WAIT_H_
