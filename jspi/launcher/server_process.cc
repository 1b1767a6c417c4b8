#include "jspi/launcher/server_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "jspi/util/owned_fd.h"
#include "jspi/util/whole_file.h"

namespace blockon {
namespace {

// Of descriptors; more than are handed over.
constexpr int kAbove = 64;
constexpr char kListening[] = "listening";

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// An error's number, or 0. `given`: the child's descriptors behind the standard ones.
int Spawn(const std::vector<std::string>& command, const std::vector<std::string>& environment,
          const std::vector<int>& given, pid_t* pid) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  int own = ServerProcess::kSocket;
  for (const int fd : given) posix_spawn_file_actions_adddup2(&files, fd, own++);
  posix_spawn_file_actions_addclosefrom_np(&files, own);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  sigfillset(&signals);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  const int error =
      posix_spawn(pid, command[0].c_str(), &files, &attributes, Pointers(command).data(), Pointers(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return error;
}

}  // namespace

ServerProcess::~ServerProcess() {
  if (socket_ >= 0) close(socket_);
}

std::string ServerProcess::Start(const std::vector<std::string>& command, const std::vector<std::string>& environment,
                                 const std::vector<int>& handed) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return SystemError("socketpair");
  socket_ = ends[0];
  const OwnedFd theirs(ends[1]);
  if (fcntl(socket_, F_SETFL, O_NONBLOCK) != 0) return SystemError("fcntl");
  // Above all numbers that they will have in the child: none is overwritten before it is there.
  std::vector<int> above;
  std::string why;
  for (std::size_t i = 0; i <= handed.size(); i++) {
    const int fd = fcntl(i == 0 ? theirs.get() : handed[i - 1], F_DUPFD_CLOEXEC, kAbove);
    if (fd < 0) why = SystemError("fcntl");
    above.push_back(fd);
  }
  if (why.empty()) {
    if (const int error = Spawn(command, environment, above, &pid_); error != 0) why = std::strerror(error);
  }
  for (const int fd : above) close(fd);
  return why;
}

void ServerProcess::Read() {
  char bytes[512];
  while (socket_ >= 0) {
    const ssize_t count = read(socket_, bytes, sizeof bytes);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
      close(socket_);
      socket_ = -1;
      return;
    }
    for (ssize_t i = 0; i < count; i++) Take(bytes[i]);
  }
}

void ServerProcess::Take(char byte) {
  if (byte == '\n') {
    has_listened_ = has_listened_ || line_ == kListening;
    line_.clear();
  } else if (line_.size() < sizeof kListening) {
    // One that is longer is another word.
    line_ += byte;
  }
}

void ServerProcess::Kill(int signal) const { kill(pid_, signal); }

bool ServerProcess::HasEnded(int* status) const { return waitpid(pid_, status, WNOHANG) == pid_; }

}  // namespace blockon
