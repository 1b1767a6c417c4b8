// What a guest uses, as another thread of the process sees it at any time: processor time, turns of its thread's event loop, its memory,
// and the request that it works for.
//
//   watched thread                          watcher
//     ThreadMeter meter(turns)                Read(id): the thread's clock, its turns, the guest's last answer
//     meter.Watch(place)                      Ask(id, over): the guest is to answer, or to end the request where it runs
//     ... runs, and may never give way        Measure(id): how much of the guest's memory is resident
//                                             LookAtBuffers(id, room): the thread is to look, where it runs
//     ~ThreadMeter(), on that thread
//
// A thread may have several, one for each of its guests. What it spends is the one's that has entered last; the first has from its start.
// So a thread with one needs to say nothing.
//
// Thread-safe, but for what the watched thread alone calls. V8-free.
#ifndef BLOCKON_JSPI_UTIL_THREAD_METER_H_
#define BLOCKON_JSPI_UTIL_THREAD_METER_H_

#include <stdint.h>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "jspi/util/limit_words.h"

namespace blockon {

class ThreadMeter {
 public:
  struct Reading {
    double processor_seconds;
    // Of the event loop, as `turns` counts them.
    uint64_t turns;
    uint32_t asked;
    uint32_t answered;
    uint32_t request;
  };
  struct Memory {
    uint64_t size;
    // Pages of its own that the machine keeps; all of them where the system does not tell.
    uint64_t resident;
  };
  // The guest's; the pointers are into `memory`, which is kept.
  struct Place {
    std::shared_ptr<void> memory;
    const char* start;
    std::function<size_t()> size;
    LimitWords* words;
    uint32_t* countdown;
    uint32_t* signal;
  };
  // What is known of one guest.
  struct Watched;
  // Bytes that ArrayBuffers may hold: with JavaScript's heap, and with the files of each guest.
  struct BufferRoom {
    uint64_t heap;
    uint64_t files;
  };
  enum class Full : uint8_t { kHeap, kBuffers };
  struct Quiet {
    // As long as it is held, nobody asks.
    std::unique_lock<std::mutex> lock;
    // Whether somebody has asked since there was one before, and so has written into the guest's memory.
    bool was_asked = false;
  };

  // Of this thread. `turns` is called by others, while this lives.
  // `interrupt`, which others call, too, with the id, has what runs for the guest end; `look` has the thread look at its ArrayBuffers.
  explicit ThreadMeter(std::function<uint64_t()> turns, std::function<void(uint32_t)> interrupt = {},
                       std::function<void(BufferRoom)> look = {});
  ThreadMeter(const ThreadMeter&) = delete;
  ThreadMeter& operator=(const ThreadMeter&) = delete;
  ~ThreadMeter();

  uint32_t id() const { return id_; }
  // From now on the thread works for this one. Where it did before, that is known at once.
  void Enter();
  // In place of what was watched before.
  void Watch(Place place);
  // Who would ask this one waits; others may be asked.
  [[nodiscard]] Quiet KeepFromAsking();

  // By id; nothing of one that is gone.
  static std::optional<Reading> Read(uint32_t id);
  // Asks anew which request runs, and has `over` end where it runs, 0 for none. False where there is no guest to ask.
  static bool Ask(uint32_t id, uint32_t over);
  static std::optional<Memory> Measure(uint32_t id);
  // Has what runs for the guest end where it is. False where there is none, or it cannot be told.
  static bool Interrupt(uint32_t id);

  // Has the thread look. False where there is none, or it cannot be told.
  static bool LookAtBuffers(uint32_t id, BufferRoom room);

  // How many this thread has.
  static size_t CountOfThread();
  // The thread has come to the end of what V8's heap or its ArrayBuffers may hold and is being ended for it, which is known of each of its
  // meters when they are gone, until it was asked.
  static void NoteFull(Full what);
  static std::optional<Full> TakeFull(uint32_t id);

 private:
  std::shared_ptr<Watched> watched_;
  uint32_t id_;
};

// Bytes of private pages in this part of the address space; nothing where the system does not tell.
std::optional<uint64_t> ResidentBytes(const void* start, size_t size);

}  // namespace blockon

#endif  // BLOCKON_JSPI_UTIL_THREAD_METER_H_
