#include "jspi/util/page_faults.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include "jspi/util/page_runs.h"

namespace blockon {
namespace {

std::optional<uint64_t> Count() {
#ifdef RUSAGE_THREAD
  rusage usage;
  if (getrusage(RUSAGE_THREAD, &usage) == 0) return uint64_t(usage.ru_minflt) + uint64_t(usage.ru_majflt);
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
    const std::optional<uint64_t> before = Count();
    bytes[page * kMemoryPage] = 1;
    const std::optional<uint64_t> after = Count();
    is_counted = is_counted && before && after && *after > *before;
  }
  munmap(memory, kPages * kMemoryPage);
  return is_counted;
}

}  // namespace

bool PageFaults::AreCounted() {
  static const bool are_counted = CountsWrites();
  return are_counted;
}

void PageFaults::Begin() { before_ = AreCounted() ? Count() : std::nullopt; }

bool PageFaults::HadNone() const { return before_ && Count() == before_; }

}  // namespace blockon
