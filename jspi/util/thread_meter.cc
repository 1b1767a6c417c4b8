#include "jspi/util/thread_meter.h"

#include <fcntl.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <set>
#include <utility>

namespace blockon {
namespace {

struct Watched {
  clockid_t clock;
  std::function<uint64_t()> turns;
  ThreadMeter::Place place{};
};

// Never destroyed: threads may end after the process's static objects.
struct Registry {
  std::mutex mutex;
  std::map<uint32_t, Watched> watched;
  std::set<uint32_t> full_heaps;
  uint32_t last_id = 0;

  static Registry& Get() {
    static auto* const registry = new Registry;
    return *registry;
  }
};

uint32_t Load(const uint32_t& word) { return __atomic_load_n(&word, __ATOMIC_SEQ_CST); }
void Store(uint32_t& word, uint32_t value) { __atomic_store_n(&word, value, __ATOMIC_SEQ_CST); }

uint32_t Add(std::function<uint64_t()> turns) {
  clockid_t clock = CLOCK_THREAD_CPUTIME_ID;
  pthread_getcpuclockid(pthread_self(), &clock);
  Registry& registry = Registry::Get();
  const std::lock_guard lock(registry.mutex);
  registry.watched.emplace(++registry.last_id, Watched{.clock = clock, .turns = std::move(turns)});
  return registry.last_id;
}

// Entries of /proc/self/pagemap (Documentation/admin-guide/mm/pagemap.rst).
constexpr uint64_t kPresent = 1ULL << 63;
constexpr uint64_t kSwapped = 1ULL << 62;
constexpr uint64_t kOfAFile = 1ULL << 61;
constexpr size_t kEntriesAtOnce = 4096;

}  // namespace

ThreadMeter::ThreadMeter(std::function<uint64_t()> turns) : id_(Add(std::move(turns))) {}

ThreadMeter::~ThreadMeter() {
  Place place;
  Registry& registry = Registry::Get();
  const std::lock_guard lock(registry.mutex);
  const auto found = registry.watched.find(id_);
  place = std::move(found->second.place);
  registry.watched.erase(found);
}

void ThreadMeter::Watch(Place place) {
  Registry& registry = Registry::Get();
  const std::lock_guard lock(registry.mutex);
  std::swap(registry.watched.find(id_)->second.place, place);
}

std::optional<ThreadMeter::Reading> ThreadMeter::Read(uint32_t id) {
  Registry& registry = Registry::Get();
  const std::lock_guard lock(registry.mutex);
  const auto found = registry.watched.find(id);
  if (found == registry.watched.end()) return std::nullopt;
  const Watched& watched = found->second;
  timespec time{};
  if (clock_gettime(watched.clock, &time) != 0) return std::nullopt;
  const LimitWords* words = watched.place.words;
  return Reading{.processor_seconds = static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9,
                 .turns = watched.turns(),
                 .asked = words ? Load(words->asked) : 0,
                 .answered = words ? Load(words->answered) : 0,
                 .request = words ? Load(words->request) : 0};
}

bool ThreadMeter::Ask(uint32_t id, uint32_t over) {
  Registry& registry = Registry::Get();
  const std::lock_guard lock(registry.mutex);
  const auto found = registry.watched.find(id);
  if (found == registry.watched.end() || !found->second.place.words) return false;
  const Place& place = found->second.place;
  Store(place.words->over, over);
  Store(place.words->asked, Load(place.words->asked) + 1);
  uint32_t none = 0;  // A signal that is on its way goes first.
  __atomic_compare_exchange_n(place.signal, &none, kLimitsAreAsked, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  Store(*place.countdown, 0);
  return true;
}

std::unique_lock<std::mutex> ThreadMeter::KeepFromAsking() { return std::unique_lock(Registry::Get().mutex); }

std::optional<ThreadMeter::Memory> ThreadMeter::Measure(uint32_t id) {
  std::shared_ptr<void> memory;
  const char* start = nullptr;
  size_t size = 0;
  {
    Registry& registry = Registry::Get();
    const std::lock_guard lock(registry.mutex);
    const auto found = registry.watched.find(id);
    if (found == registry.watched.end() || !found->second.place.memory) return std::nullopt;
    const Place& place = found->second.place;
    memory = place.memory;
    start = place.start;
    size = place.size();
  }
  return Memory{.size = size, .resident = ResidentBytes(start, size).value_or(size)};
}

void ThreadMeter::NoteHeapIsFull() {
  Registry& registry = Registry::Get();
  const std::lock_guard lock(registry.mutex);
  registry.full_heaps.insert(id_);
}

bool ThreadMeter::TakeHeapIsFull(uint32_t id) {
  Registry& registry = Registry::Get();
  const std::lock_guard lock(registry.mutex);
  return registry.full_heaps.erase(id) > 0;
}

std::optional<uint64_t> ResidentBytes(const void* start, size_t size) {
  const auto page_size = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  const int file = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::nullopt;
  const uint64_t first = reinterpret_cast<uintptr_t>(start) / page_size;
  const uint64_t count = (reinterpret_cast<uintptr_t>(start) + size + page_size - 1) / page_size - first;
  std::array<uint64_t, kEntriesAtOnce> entries;
  uint64_t pages = 0;
  uint64_t done = 0;
  while (done < count) {
    const uint64_t wanted = std::min<uint64_t>(count - done, entries.size());
    const ssize_t got =
        pread(file, entries.data(), wanted * sizeof(uint64_t), static_cast<off_t>((first + done) * sizeof(uint64_t)));
    if (got < static_cast<ssize_t>(sizeof(uint64_t))) break;
    const uint64_t read = static_cast<uint64_t>(got) / sizeof(uint64_t);
    for (uint64_t i = 0; i < read; i++) {
      if ((entries[i] & (kPresent | kSwapped)) != 0 && (entries[i] & kOfAFile) == 0) pages++;
    }
    done += read;
  }
  close(file);
  if (done < count) return std::nullopt;
  return pages * page_size;
}

}  // namespace blockon
