#include "jspi/util/fault_log.h"

#ifdef __linux__

#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "jspi/util/page_runs.h"

namespace blockon {
namespace {

// The first page is the head; a power of two of pages follows.
constexpr std::size_t kDataPages = 16;
constexpr std::size_t kDataBytes = kDataPages * kMemoryPage;
constexpr std::size_t kRingBytes = kMemoryPage + kDataBytes;

struct Sample {
  perf_event_header header;
  uint64_t address;
};
// One that would fill the ring is not written.
static_assert(FaultLog::kMostFaults == kDataBytes / sizeof(Sample) - 1);

int Open() {
  perf_event_attr attributes{};
  attributes.size = sizeof attributes;
  attributes.type = PERF_TYPE_SOFTWARE;
  // Those that getrusage() counts as minor are counted in the same place. All faults (PERF_COUNT_SW_PAGE_FAULTS) are more: some end in a signal.
  attributes.config = PERF_COUNT_SW_PAGE_FAULTS_MIN;
  attributes.sample_period = 1;
  attributes.sample_type = PERF_SAMPLE_ADDR;
  // What a process may have of itself without any right.
  attributes.exclude_kernel = 1;
  attributes.exclude_hv = 1;
  // Nobody is to be woken.
  attributes.watermark = 1;
  attributes.wakeup_watermark = kDataBytes;
  return static_cast<int>(syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC));
}

perf_event_mmap_page* HeadOf(char* ring) { return reinterpret_cast<perf_event_mmap_page*>(ring); }

}  // namespace

FaultLog::FaultLog() : event_(Open()) {
  if (event_.get() < 0) return;
  void* const ring = mmap(nullptr, kRingBytes, PROT_READ | PROT_WRITE, MAP_SHARED, event_.get(), 0);
  if (ring != MAP_FAILED) ring_ = static_cast<char*>(ring);
}

FaultLog::~FaultLog() {
  if (ring_) munmap(ring_, kRingBytes);
}

void FaultLog::Clear() {
  if (!ring_) return;
  perf_event_mmap_page* const head = HeadOf(ring_);
  __atomic_store_n(&head->data_tail, __atomic_load_n(&head->data_head, __ATOMIC_ACQUIRE), __ATOMIC_RELEASE);
}

bool FaultLog::Read(std::vector<uintptr_t>* addresses) const {
  addresses->clear();
  if (!ring_) return false;
  const perf_event_mmap_page* const head = HeadOf(ring_);
  const char* const data = ring_ + kMemoryPage;
  const uint64_t end = __atomic_load_n(&head->data_head, __ATOMIC_ACQUIRE);
  uint64_t at = head->data_tail;
  while (at < end) {
    const std::size_t place = at % kDataBytes;
    perf_event_header header;
    // No record is divided before its head.
    std::memcpy(&header, data + place, sizeof header);
    // Of those that it has left out, or that it will not note for a time.
    if (header.type != PERF_RECORD_SAMPLE || header.size != sizeof(Sample)) return false;
    uint64_t address = 0;
    std::memcpy(&address, data + (place + offsetof(Sample, address)) % kDataBytes, sizeof address);
    addresses->push_back(address);
    at += header.size;
  }
  return true;
}

}  // namespace blockon

#else

namespace blockon {

FaultLog::FaultLog() : event_(-1) {}
FaultLog::~FaultLog() = default;
void FaultLog::Clear() {}
bool FaultLog::Read(std::vector<uintptr_t>*) const { return false; }

}  // namespace blockon

#endif
