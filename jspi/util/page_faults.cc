#include "jspi/util/page_faults.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>

namespace blockon {
namespace {

std::optional<PageFaults::Counts> Count() {
#ifdef RUSAGE_THREAD
  rusage usage;
  if (getrusage(RUSAGE_THREAD, &usage) == 0) return PageFaults::Counts{usage.ru_minflt, usage.ru_majflt};
#endif
  return std::nullopt;
}

// Of first writes to pages: of one that holds nothing, and of one that was read before, as copy-on-write has them.
bool CountsWrites() {
  constexpr std::size_t kPages = 2;
  void* const memory = mmap(nullptr, kPages * kMemoryPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return false;
  // By huge pages one fault would do.
  madvise(memory, kPages * kMemoryPage, MADV_NOHUGEPAGE);
  auto* const bytes = static_cast<volatile char*>(memory);
  static_cast<void>(bytes[kMemoryPage]);
  bool is_counted = true;
  for (std::size_t page = 0; page < kPages; page++) {
    const std::optional<PageFaults::Counts> before = Count();
    bytes[page * kMemoryPage] = 1;
    const std::optional<PageFaults::Counts> after = Count();
    is_counted = is_counted && before && after && *after != *before;
  }
  munmap(memory, kPages * kMemoryPage);
  return is_counted;
}

}  // namespace

bool PageFaults::AreCounted() {
  static const bool are_counted = CountsWrites();
  return are_counted;
}

void PageFaults::Begin() {
  before_ = AreCounted() ? Count() : std::nullopt;
  // What comes between is counted and not in the log, so that the log is taken to be no whole one.
  log_.Clear();
}

bool PageFaults::HadNone() const { return before_ && Count() == before_; }

bool PageFaults::Find(const void* memory, std::size_t size, std::vector<PageRun>* runs) {
  runs->clear();
  if (!before_ || !log_.Read(&addresses_)) return false;
  const std::optional<Counts> now = Count();
  if (!now || now->major != before_->major) return false;
  if (now->minor - before_->minor != static_cast<long>(addresses_.size())) return false;
  std::ranges::sort(addresses_);
  const auto base = reinterpret_cast<uintptr_t>(memory);
  for (const uintptr_t address : addresses_) {
    if (address < base || address - base >= size) continue;
    const auto page = static_cast<uint32_t>((address - base) / kMemoryPage);
    if (!runs->empty() && page < runs->back().first + runs->back().pages) continue;
    if (!runs->empty() && page == runs->back().first + runs->back().pages) {
      runs->back().pages++;
    } else {
      runs->push_back({.first = page, .pages = 1});
    }
  }
  return true;
}

}  // namespace blockon
