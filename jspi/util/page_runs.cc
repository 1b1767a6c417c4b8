#include "jspi/util/page_runs.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>

#include "jspi/util/whole_file.h"

namespace blockon {
namespace {

// Of the entries of /proc/self/pagemap (the kernel's Documentation/admin-guide/mm/pagemap.rst).
constexpr uint64_t kPresent = uint64_t{1} << 63;
constexpr uint64_t kSwapped = uint64_t{1} << 62;
constexpr uint64_t kOfAFile = uint64_t{1} << 61;

// PAGEMAP_SCAN of <linux/fs.h>, which older headers have not.
struct ScanArguments {
  uint64_t size;
  uint64_t flags;
  uint64_t start;
  uint64_t end;
  uint64_t walk_end;
  uint64_t regions;
  uint64_t region_count;
  uint64_t most_pages;
  uint64_t inverted;
  uint64_t all_of;
  uint64_t any_of;
  uint64_t returned;
};
struct ScanRegion {
  uint64_t start;
  uint64_t end;
  uint64_t categories;
};
constexpr unsigned long kScan = _IOWR('f', 16, ScanArguments);
constexpr uint64_t kIsFile = 1 << 2;
constexpr uint64_t kIsPresent = 1 << 3;
constexpr uint64_t kIsSwapped = 1 << 4;
// The page of zeros that all share.
constexpr uint64_t kIsZeroPage = 1 << 5;

// Open for the life of the process: it is the process's own, whichever thread asks.
int Pagemap() {
  static const int file = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  return file;
}

void Add(std::size_t first, std::size_t pages, std::vector<PageRun>* runs) {
  if (!runs->empty() && runs->back().first + runs->back().pages == first) {
    runs->back().pages += static_cast<uint32_t>(pages);
  } else {
    runs->push_back({static_cast<uint32_t>(first), static_cast<uint32_t>(pages)});
  }
}

}  // namespace

std::string FindPrivatePages(const void* memory, std::size_t size, std::vector<PageRun>* runs) {
  static std::atomic<bool> is_known = true;
  if (!is_known) return ReadPrivatePages(memory, size, runs);
  runs->clear();
  if (Pagemap() < 0) return SystemError("open /proc/self/pagemap");
  const auto base = reinterpret_cast<uintptr_t>(memory);
  std::array<ScanRegion, 512> regions;
  ScanArguments scan = {.size = sizeof(ScanArguments),
                        .flags = 0,
                        .start = base,
                        .end = base + size,
                        .walk_end = 0,
                        .regions = reinterpret_cast<uintptr_t>(regions.data()),
                        .region_count = regions.size(),
                        .most_pages = 0,
                        .inverted = kIsFile | kIsZeroPage,
                        .all_of = kIsFile | kIsZeroPage,
                        .any_of = kIsPresent | kIsSwapped,
                        .returned = kIsPresent | kIsSwapped};
  while (scan.start < scan.end) {
    const int found = ioctl(Pagemap(), kScan, &scan);
    if (found < 0) {
      if (errno != ENOTTY && errno != EINVAL) return SystemError("PAGEMAP_SCAN");
      is_known = false;
      return ReadPrivatePages(memory, size, runs);
    }
    for (int i = 0; i < found; i++) {
      Add((regions[i].start - base) / kMemoryPage, (regions[i].end - regions[i].start) / kMemoryPage, runs);
    }
    scan.start = scan.walk_end;
  }
  return "";
}

std::string ReadPrivatePages(const void* memory, std::size_t size, std::vector<PageRun>* runs) {
  runs->clear();
  if (Pagemap() < 0) return SystemError("open /proc/self/pagemap");
  const uint64_t first = reinterpret_cast<uintptr_t>(memory) / kMemoryPage;
  const uint64_t count = size / kMemoryPage;
  std::array<uint64_t, 1024> entries;
  for (uint64_t done = 0; done < count;) {
    const uint64_t wanted = std::min<uint64_t>(count - done, entries.size());
    const ssize_t got = pread(Pagemap(), entries.data(), wanted * sizeof(uint64_t),
                              static_cast<off_t>((first + done) * sizeof(uint64_t)));
    if (got < static_cast<ssize_t>(sizeof(uint64_t))) return SystemError("read /proc/self/pagemap");
    const uint64_t read = static_cast<uint64_t>(got) / sizeof(uint64_t);
    for (uint64_t i = 0; i < read; i++) {
      if ((entries[i] & (kPresent | kSwapped)) != 0 && (entries[i] & kOfAFile) == 0) Add(done + i, 1, runs);
    }
    done += read;
  }
  return "";
}

}  // namespace blockon
