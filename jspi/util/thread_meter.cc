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

// Never destroyed: threads may end after the process's static objects.
struct Registry {
  std::mutex mutex;
  std::map<uint32_t, std::shared_ptr<ThreadMeter::Watched>> watched;
  std::set<uint32_t> full_heaps;
  uint32_t last_id = 0;

  static Registry& Get() {
    static auto* const registry = new Registry;
    return *registry;
  }
};

uint32_t Load(const uint32_t& word) { return __atomic_load_n(&word, __ATOMIC_SEQ_CST); }
void Store(uint32_t& word, uint32_t value) { __atomic_store_n(&word, value, __ATOMIC_SEQ_CST); }

// Entries of /proc/self/pagemap (Documentation/admin-guide/mm/pagemap.rst).
constexpr uint64_t kPresent = 1ULL << 63;
constexpr uint64_t kSwapped = 1ULL << 62;
constexpr uint64_t kOfAFile = 1ULL << 61;
constexpr size_t kEntriesAtOnce = 4096;

}  // namespace

// One mutex for each: as long as a thread's memory is nobody's to write to, no other thread's meter waits.
struct ThreadMeter::Watched {
  std::mutex mutex;
  clockid_t clock = CLOCK_THREAD_CPUTIME_ID;
  std::function<uint64_t()> turns;
  Place place{};
  // The thread may be gone, and its clock with it: who found this before is late.
  bool has_ended = false;
  bool was_asked = false;
};

namespace {

std::shared_ptr<ThreadMeter::Watched> Find(uint32_t id) {
  Registry& registry = Registry::Get();
  const std::lock_guard lock(registry.mutex);
  const auto found = registry.watched.find(id);
  return found == registry.watched.end() ? nullptr : found->second;
}

}  // namespace

ThreadMeter::ThreadMeter(std::function<uint64_t()> turns) : watched_(std::make_shared<Watched>()) {
  pthread_getcpuclockid(pthread_self(), &watched_->clock);
  watched_->turns = std::move(turns);
  Registry& registry = Registry::Get();
  const std::lock_guard lock(registry.mutex);
  id_ = ++registry.last_id;
  registry.watched.emplace(id_, watched_);
}

ThreadMeter::~ThreadMeter() {
  {
    Registry& registry = Registry::Get();
    const std::lock_guard lock(registry.mutex);
    registry.watched.erase(id_);
  }
  Place place{};
  const std::lock_guard lock(watched_->mutex);
  std::swap(watched_->place, place);
  watched_->has_ended = true;
}

void ThreadMeter::Watch(Place place) {
  const std::lock_guard lock(watched_->mutex);
  std::swap(watched_->place, place);
}

std::optional<ThreadMeter::Reading> ThreadMeter::Read(uint32_t id) {
  const std::shared_ptr<Watched> watched = Find(id);
  if (!watched) return std::nullopt;
  const std::lock_guard lock(watched->mutex);
  timespec time{};
  if (watched->has_ended || clock_gettime(watched->clock, &time) != 0) return std::nullopt;
  const LimitWords* words = watched->place.words;
  return Reading{.processor_seconds = static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9,
                 .turns = watched->turns(),
                 .asked = words ? Load(words->asked) : 0,
                 .answered = words ? Load(words->answered) : 0,
                 .request = words ? Load(words->request) : 0};
}

bool ThreadMeter::Ask(uint32_t id, uint32_t over) {
  const std::shared_ptr<Watched> watched = Find(id);
  if (!watched) return false;
  const std::lock_guard lock(watched->mutex);
  const Place& place = watched->place;
  if (!place.words) return false;
  watched->was_asked = true;
  Store(place.words->over, over);
  Store(place.words->asked, Load(place.words->asked) + 1);
  uint32_t none = 0;  // A signal that is on its way goes first.
  __atomic_compare_exchange_n(place.signal, &none, kLimitsAreAsked, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  Store(*place.countdown, 0);
  return true;
}

ThreadMeter::Quiet ThreadMeter::KeepFromAsking() {
  std::unique_lock lock(watched_->mutex);
  return {.lock = std::move(lock), .was_asked = std::exchange(watched_->was_asked, false)};
}

std::optional<ThreadMeter::Memory> ThreadMeter::Measure(uint32_t id) {
  const std::shared_ptr<Watched> watched = Find(id);
  if (!watched) return std::nullopt;
  std::shared_ptr<void> memory;
  const char* start = nullptr;
  size_t size = 0;
  {
    const std::lock_guard lock(watched->mutex);
    const Place& place = watched->place;
    if (!place.memory) return std::nullopt;
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
