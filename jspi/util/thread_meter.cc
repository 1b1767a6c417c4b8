#include "jspi/util/thread_meter.h"

#include <fcntl.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace blockon {
namespace {

// Never destroyed: threads may end after the process's static objects.
struct Registry {
  std::mutex mutex;
  std::map<uint32_t, std::shared_ptr<ThreadMeter::Watched>> watched;
  std::map<uint32_t, ThreadMeter::Full> full;
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

namespace {

// A thread's clock, and whose its time is. The thread alone changes it; others read it under the mutex.
struct Account {
  std::mutex mutex;
  clockid_t clock = CLOCK_THREAD_CPUTIME_ID;
  // The one that has entered last, null for none, and what the clock showed then.
  ThreadMeter::Watched* current = nullptr;
  double since = 0;
  // Of its meters.
  std::vector<uint32_t> ids{};
};

// Of this thread; null where it has no meter.
thread_local std::shared_ptr<Account> account;

std::optional<double> Seconds(clockid_t clock) {
  timespec time{};
  if (clock_gettime(clock, &time) != 0) return std::nullopt;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

}  // namespace

// One mutex for each: as long as a thread's memory is nobody's to write to, no other thread's meter waits.
struct ThreadMeter::Watched {
  std::mutex mutex;
  std::shared_ptr<Account> of_thread;
  std::function<uint64_t()> turns;
  std::function<void(uint32_t)> interrupt;
  std::function<void(BufferRoom)> look;
  // Seconds, but for those since it has entered, if it is the one that has. The account's mutex is for it.
  double spent = 0;
  Place place{};
  // The thread may be gone, and its clock with it: who found this before is late.
  bool has_ended = false;
  bool was_asked = false;
};

namespace {

// What was spent until now is the one's that had entered before.
void Switch(ThreadMeter::Watched* next) {
  const std::lock_guard lock(account->mutex);
  const double now = Seconds(account->clock).value_or(account->since);
  if (account->current) account->current->spent += now - account->since;
  account->current = next;
  account->since = now;
}

// Nothing where the thread is gone.
std::optional<double> SpentBy(const ThreadMeter::Watched& watched) {
  const std::lock_guard lock(watched.of_thread->mutex);
  if (watched.of_thread->current != &watched) return watched.spent;
  const auto now = Seconds(watched.of_thread->clock);
  if (!now) return std::nullopt;
  return watched.spent + *now - watched.of_thread->since;
}

std::shared_ptr<ThreadMeter::Watched> Find(uint32_t id) {
  Registry& registry = Registry::Get();
  const std::lock_guard lock(registry.mutex);
  const auto found = registry.watched.find(id);
  return found == registry.watched.end() ? nullptr : found->second;
}

}  // namespace

ThreadMeter::ThreadMeter(std::function<uint64_t()> turns, std::function<void(uint32_t)> interrupt,
                         std::function<void(BufferRoom)> look)
    : watched_(std::make_shared<Watched>()) {
  if (!account) {
    account = std::make_shared<Account>();
    pthread_getcpuclockid(pthread_self(), &account->clock);
    account->current = watched_.get();
  }
  watched_->of_thread = account;
  watched_->turns = std::move(turns);
  watched_->interrupt = std::move(interrupt);
  watched_->look = std::move(look);
  Registry& registry = Registry::Get();
  const std::lock_guard lock(registry.mutex);
  id_ = ++registry.last_id;
  registry.watched.emplace(id_, watched_);
  account->ids.push_back(id_);
}

ThreadMeter::~ThreadMeter() {
  {
    Registry& registry = Registry::Get();
    const std::lock_guard lock(registry.mutex);
    registry.watched.erase(id_);
  }
  if (account->current == watched_.get()) Switch(nullptr);
  Place place{};
  {
    const std::lock_guard lock(watched_->mutex);
    std::swap(watched_->place, place);
    watched_->has_ended = true;
  }
  std::erase(account->ids, id_);
  if (account->ids.empty()) account.reset();
}

void ThreadMeter::Enter() {
  if (account->current != watched_.get()) Switch(watched_.get());
}

void ThreadMeter::Watch(Place place) {
  const std::lock_guard lock(watched_->mutex);
  std::swap(watched_->place, place);
}

std::optional<ThreadMeter::Reading> ThreadMeter::Read(uint32_t id) {
  const std::shared_ptr<Watched> watched = Find(id);
  if (!watched) return std::nullopt;
  const std::lock_guard lock(watched->mutex);
  if (watched->has_ended) return std::nullopt;
  const auto spent = SpentBy(*watched);
  if (!spent) return std::nullopt;
  const LimitWords* words = watched->place.words;
  return Reading{.processor_seconds = *spent,
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

bool ThreadMeter::Interrupt(uint32_t id) {
  const std::shared_ptr<Watched> watched = Find(id);
  if (!watched) return false;
  const std::lock_guard lock(watched->mutex);
  if (watched->has_ended || !watched->interrupt) return false;
  watched->interrupt(id);
  return true;
}

bool ThreadMeter::LookAtBuffers(uint32_t id, BufferRoom room) {
  const std::shared_ptr<Watched> watched = Find(id);
  if (!watched) return false;
  const std::lock_guard lock(watched->mutex);
  if (watched->has_ended || !watched->look) return false;
  watched->look(room);
  return true;
}

size_t ThreadMeter::CountOfThread() { return account ? account->ids.size() : 0; }

void ThreadMeter::NoteFull(Full what) {
  Registry& registry = Registry::Get();
  const std::lock_guard lock(registry.mutex);
  if (!account) return;
  for (const uint32_t id : account->ids) registry.full.emplace(id, what);
}

std::optional<ThreadMeter::Full> ThreadMeter::TakeFull(uint32_t id) {
  Registry& registry = Registry::Get();
  const std::lock_guard lock(registry.mutex);
  const auto taken = registry.full.extract(id);
  return taken ? std::optional(taken.mapped()) : std::nullopt;
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
