// Starts the command and watches over it: a server that dies by a signal of its own (a native crash), or that fails after it has
// listened, is started again, up to five times a minute, and the log says so. One that is killed (SIGKILL) is not.
//
// SIGTERM and SIGHUP go on to it. SIGINT the terminal sends to both, and it decides when it is done. While none runs, they end this process.
//
// runtime/launcher.mjs does the same where this program cannot run: a change here is one there.
#ifndef BLOCKON_JSPI_LAUNCHER_SUPERVISOR_H_
#define BLOCKON_JSPI_LAUNCHER_SUPERVISOR_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "jspi/launcher/server_process.h"
#include "jspi/launcher/start_record.h"

namespace blockon {

class Supervisor {
 public:
  // `files`: what is noted of the last start (start_record.h), asked for at each.
  Supervisor(std::vector<std::string> command, std::vector<std::string> environment, bool is_serving,
             std::function<std::vector<NotedFile>()> files);
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;
  ~Supervisor();

  // The exit code, when the command has ended for good.
  int Run();

 private:
  // Until it has ended; its status as wait() has it.
  int Watch(ServerProcess* server);
  // What has come of signals.
  void TakeSignals(const ServerProcess& server);
  // Waits before the next start. A signal ends the process.
  void Pause(int milliseconds) const;
  // Whether the server may be started again now, which counts it.
  bool MayRestart();

  const std::vector<std::string> command_;
  const std::vector<std::string> environment_;
  const bool is_serving_;
  const std::function<std::vector<NotedFile>()> files_;
  int signals_ = -1;
  bool is_stopping_ = false;
  // Milliseconds.
  std::vector<int64_t> restarts_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_LAUNCHER_SUPERVISOR_H_
