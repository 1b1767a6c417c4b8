// Which file descriptors are sockets of the engine (jspi/engine/sockets.h), and which of those are non-blocking.
//
// The numbers are given out by Emscripten's file system, which tells of each that is opened and closed
// (patches/314.0.7/0040-sockets.toml).
//
// Owner: the interpreter. Called on any stack.
#ifndef BLOCKON_JSPI_GUEST_SOCKET_FILES_H_
#define BLOCKON_JSPI_GUEST_SOCKET_FILES_H_

#include <stdint.h>

namespace blockon {

// As Emscripten's FS.MAX_OPEN_FDS.
constexpr int kMostFiles = 4096;

enum class SocketFile : uint8_t { kNone, kBlocking, kNonBlocking };

extern SocketFile socket_files[kMostFiles];
// How often a descriptor was closed: who waited finds another number where it has come to name another socket.
extern uint32_t socket_generations[kMostFiles];

// Whether no socket is the engine's (loadPyodide's shims: false): then names, and pairs of sockets, are Emscripten's affair as well.
extern bool leaves_sockets;

inline bool IsSocketFile(int fd) { return fd >= 0 && fd < kMostFiles && socket_files[fd] != SocketFile::kNone; }
inline bool IsBlocking(int fd) { return socket_files[fd] == SocketFile::kBlocking; }
inline void SetBlocking(int fd, bool blocking) {
  socket_files[fd] = blocking ? SocketFile::kBlocking : SocketFile::kNonBlocking;
}

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_SOCKET_FILES_H_
