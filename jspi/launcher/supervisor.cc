#include "jspi/launcher/supervisor.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <utility>

#include "jspi/launcher/handing.h"

namespace blockon {
namespace {

constexpr int kMostRestarts = 5;
constexpr int64_t kWindowMs = 60'000;
constexpr int kPauseMs = 200;

sigset_t Watched() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGHUP, SIGINT, SIGCHLD}) sigaddset(&signals, signal);
  return signals;
}

bool IsCrash(int signal) {
  switch (signal) {
    case SIGSEGV:
    case SIGABRT:
    case SIGBUS:
    case SIGILL:
    case SIGFPE:
    case SIGTRAP:
      return true;
    default:
      return false;
  }
}

int64_t NowMs() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

std::string NameOf(int signal) {
  const char* const name = sigabbrev_np(signal);
  return name == nullptr ? std::string("signal ").append(std::to_string(signal)) : std::string("SIG").append(name);
}

}  // namespace

Supervisor::Supervisor(std::vector<std::string> command, std::vector<std::string> environment, bool is_serving,
                       std::function<std::vector<NotedFile>()> files)
    : command_(std::move(command)),
      environment_(std::move(environment)),
      is_serving_(is_serving),
      files_(std::move(files)) {
  // Where whoever started this ignores it, nobody would hear of a child's end.
  signal(SIGCHLD, SIG_DFL);
  const sigset_t signals = Watched();
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  signals_ = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

Supervisor::~Supervisor() {
  if (signals_ >= 0) close(signals_);
}

int Supervisor::Run() {
  if (signals_ < 0) {
    std::fprintf(stderr, "blockon: signalfd: %s\n", std::strerror(errno));
    return 1;
  }
  for (;;) {
    ServerProcess server;
    Handing handing(files_());
    std::vector<std::string> environment = environment_;
    if (const std::string handed = handing.Describe(ServerProcess::kFirstFree); !handed.empty()) {
      environment.push_back("BLOCKON_HANDED=" + handed);
    }
    if (const std::string why = server.Start(command_, environment, handing.descriptors()); !why.empty()) {
      std::fprintf(stderr, "blockon: %s cannot be started: %s\n", command_[0].c_str(), why.c_str());
      return 1;
    }
    handing.Copy();
    const int status = Watch(&server);
    const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    const int code = signal == 0 ? WEXITSTATUS(status) : 128 + signal;
    const bool crashed = signal == 0 ? server.has_listened() && code != 0 : IsCrash(signal);
    if (!crashed) return code;
    const std::string how = signal == 0 ? std::string("exit code ").append(std::to_string(code)) : NameOf(signal);
    const bool goes_on = is_serving_ && !is_stopping_;
    if (goes_on && MayRestart()) {
      std::fprintf(stderr, "blockon: the server crashed (%s); starting it again\n", how.c_str());
      Pause(kPauseMs * static_cast<int>(restarts_.size()));
      continue;
    }
    std::fprintf(stderr, "blockon: the process crashed (%s)", how.c_str());
    if (goes_on) std::fprintf(stderr, " %d times within a minute", kMostRestarts + 1);
    std::fputs("; not starting it again\n", stderr);
    return code;
  }
}

int Supervisor::Watch(ServerProcess* server) {
  int status = 0;
  for (;;) {
    pollfd waited[] = {{signals_, POLLIN, 0}, {server->fd(), POLLIN, 0}};
    poll(waited, 2, -1);
    TakeSignals(*server);
    // What it said before its end was said before this looks.
    const bool has_ended = server->HasEnded(&status);
    server->Read();
    if (has_ended) return status;
  }
}

void Supervisor::TakeSignals(const ServerProcess& server) {
  signalfd_siginfo info;
  while (read(signals_, &info, sizeof info) == sizeof info) {
    const int signal = static_cast<int>(info.ssi_signo);
    if (signal == SIGCHLD) continue;
    is_stopping_ = true;
    if (signal != SIGINT) server.Kill(signal);
  }
}

void Supervisor::Pause(int milliseconds) const {
  const int64_t end = NowMs() + milliseconds;
  for (int64_t left = milliseconds; left > 0; left = end - NowMs()) {
    pollfd waited = {signals_, POLLIN, 0};
    poll(&waited, 1, static_cast<int>(left));
    signalfd_siginfo info;
    while (read(signals_, &info, sizeof info) == sizeof info) {
      const int number = static_cast<int>(info.ssi_signo);
      if (number == SIGCHLD) continue;
      signal(number, SIG_DFL);
      const sigset_t signals = Watched();
      sigprocmask(SIG_UNBLOCK, &signals, nullptr);
      raise(number);
    }
  }
}

bool Supervisor::MayRestart() {
  const int64_t now = NowMs();
  std::erase_if(restarts_, [now](int64_t time) { return now - time >= kWindowMs; });
  if (restarts_.size() >= kMostRestarts) return false;
  restarts_.push_back(now);
  return true;
}

}  // namespace blockon
