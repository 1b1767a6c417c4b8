// The process that the launcher has started: Node, with a socket by which it tells that it listens, and sees that the launcher is gone.
//
//   launcher: fd() ---- a pair of sockets ---- 3: the child, named by BLOCKON_LAUNCHER_FD (runtime/cli/launcher_link.ts)
//
// What comes is a word a line. Of the launcher's one thread.
#ifndef BLOCKON_JSPI_LAUNCHER_SERVER_PROCESS_H_
#define BLOCKON_JSPI_LAUNCHER_SERVER_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <vector>

namespace blockon {

class ServerProcess {
 public:
  ServerProcess() = default;
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  ~ServerProcess();

  // The child's end of it, and its first descriptor behind that.
  static constexpr int kSocket = 3;
  static constexpr int kFirstFree = kSocket + 1;

  // Starts it with this process's standard streams, no signal blocked, and `command[0]` as its program; `handed` are its descriptors from
  // kFirstFree on. "" or the system's reason.
  std::string Start(const std::vector<std::string>& command, const std::vector<std::string>& environment,
                    const std::vector<int>& handed);

  // To be polled for input; negative when the child has closed its end.
  int fd() const { return socket_; }
  // Takes what has come.
  void Read();
  bool has_listened() const { return has_listened_; }

  void Kill(int signal) const;
  // Whether it has ended, with its status as wait() has it.
  bool HasEnded(int* status) const;

 private:
  void Take(char byte);

  pid_t pid_ = -1;
  int socket_ = -1;
  std::string line_;
  bool has_listened_ = false;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_LAUNCHER_SERVER_PROCESS_H_
