#include "jspi/util/handed_files.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <mutex>
#include <utility>
#include <vector>

#include "jspi/util/sealed_copy.h"
#include "jspi/util/whole_file.h"

namespace blockon {
namespace {

// Copying all of them takes some ten milliseconds.
constexpr int kMostWaitMs = 1000;

struct Handed {
  // Negative when it was given, or is lost.
  int fd;
  std::string key;
};

std::mutex mutex;
int pipe_end = -1;
// Those that the pipe has not told of begin at `untold`. Never freed: a thread may be in here while the process ends.
auto& files = *new std::vector<Handed>;
std::size_t untold = 0;
int used = 0;

void Close(int* fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

// Reads a descriptor that is open, and no standard stream, from the begin of `text`, which is left with the rest.
bool ReadDescriptor(std::string_view* text, int* fd) {
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), *fd);
  if (error != std::errc() || *fd <= STDERR_FILENO) return false;
  text->remove_prefix(static_cast<std::size_t>(end - text->data()));
  return true;
}

bool Read(std::string_view text, int* pipe, std::vector<Handed>* found) {
  struct stat status{};
  if (!ReadDescriptor(&text, pipe) || fstat(*pipe, &status) != 0 || !S_ISFIFO(status.st_mode)) return false;
  while (!text.empty()) {
    Handed handed;
    if (!text.starts_with(',')) return false;
    text.remove_prefix(1);
    // Anything else has no seals.
    if (!ReadDescriptor(&text, &handed.fd) || fcntl(handed.fd, F_GET_SEALS) < 0) return false;
    if (!text.starts_with('=') || text.size() <= kHandedKeySize) return false;
    handed.key = text.substr(1, kHandedKeySize);
    text.remove_prefix(1 + kHandedKeySize);
    found->push_back(std::move(handed));
  }
  return true;
}

// Whether the next one is whole; false, too, where nothing comes.
bool AwaitNext() {
  pollfd waited = {pipe_end, POLLIN, 0};
  char word = kHandedNot;
  int ready;
  do {
    ready = poll(&waited, 1, kMostWaitMs);
  } while (ready < 0 && errno == EINTR);
  if (ready > 0 && read(pipe_end, &word, 1) == 1) return word == kHandedWhole;
  // Its end, or its sender hangs: it tells no more.
  Close(&pipe_end);
  return false;
}

}  // namespace

bool TakeHandedFiles(std::string_view description) {
  const std::lock_guard<std::mutex> lock(mutex);
  int pipe = -1;
  std::vector<Handed> found;
  if (pipe_end >= 0 || !files.empty() || !Read(description, &pipe, &found)) return false;
  pipe_end = pipe;
  fcntl(pipe, F_SETFD, FD_CLOEXEC);
  for (const Handed& handed : found) fcntl(handed.fd, F_SETFD, FD_CLOEXEC);
  files = std::move(found);
  return true;
}

int HandedFile(std::string_view key) {
  const std::lock_guard<std::mutex> lock(mutex);
  for (std::size_t i = 0; i < files.size(); i++) {
    if (files[i].key != key || files[i].fd < 0) continue;
    for (; untold <= i; untold++) {
      if (pipe_end < 0 || !AwaitNext()) Close(&files[untold].fd);
    }
    const int fd = files[i].fd;
    files[i].fd = -1;
    if (fd < 0) return fd;
    std::string found(kHandedKeySize, '\0');
    if (IsSealed(fd) && ReadAt(fd, found.data(), found.size(), kHandedKeyOffset).empty() && found == key) {
      used++;
      return fd;
    }
    close(fd);
  }
  return -1;
}

int DropHandedFiles() {
  const std::lock_guard<std::mutex> lock(mutex);
  for (Handed& handed : files) Close(&handed.fd);
  files.clear();
  untold = 0;
  Close(&pipe_end);
  return std::exchange(used, 0);
}

}  // namespace blockon
