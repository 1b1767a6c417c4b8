#include "jspi/util/sealed_copy.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>
#include <thread>

#include "jspi/util/crc32c.h"
#include "jspi/util/whole_file.h"

namespace blockon {
namespace {

constexpr int kSeals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
// In pieces that stay in the processor's cache.
constexpr uint64_t kPiece = 256 << 10;
constexpr int kMostTries = 10;
constexpr std::chrono::milliseconds kPause(10);

}  // namespace

int NewMemoryFile(const char* name) { return memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING); }

bool Seal(int fd) {
  for (int tries = 1; fcntl(fd, F_ADD_SEALS, kSeals) != 0; tries++) {
    if (errno != EBUSY || tries == kMostTries) return false;
    std::this_thread::sleep_for(kPause);
  }
  return true;
}

std::string CopySealed(int from, uint64_t size, uint64_t body, uint32_t checksum, int to) {
  // Written and not mapped: the system need not clear a page before it is filled.
  const auto piece = std::make_unique_for_overwrite<char[]>(kPiece);
  uint32_t found = 0;
  for (uint64_t at = 0; at < size; at += kPiece) {
    const uint64_t count = std::min(kPiece, size - at);
    if (std::string why = ReadAt(from, piece.get(), count, at); !why.empty()) return why;
    const uint64_t skipped = std::min(count, body > at ? body - at : 0);
    found = Crc32c(piece.get() + skipped, count - skipped, found);
    if (!WriteAll(to, {piece.get(), count})) return SystemError("write");
  }
  if (found != checksum) return "it is damaged";
  return Seal(to) ? "" : SystemError("fcntl");
}

bool IsSealed(int fd) {
  const int seals = fcntl(fd, F_GET_SEALS);
  return seals >= 0 && (seals & kSeals) == kSeals;
}

}  // namespace blockon
