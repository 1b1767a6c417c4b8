#include "jspi/engine/full_heap.h"

#include <node.h>

#include <cstddef>

#include "jspi/engine/own_memories.h"

namespace blockon {
namespace {

// What the largest string or array of V8's takes: so that the allocation that finds the heap full succeeds, and the thread comes to
// where it can be ended.
constexpr size_t kLeeway = size_t{5} << 28;

}  // namespace

class FullHeapEnd {
 public:
  explicit FullHeapEnd(v8::Isolate* isolate)
      : isolate_(isolate), environment_(node::GetCurrentEnvironment(isolate->GetCurrentContext())) {
    // In place of Node's for worker threads, which has a leeway of 16 MiB. V8 takes each callback once.
    isolate->AddNearHeapLimitCallback(NearHeapLimit, this);
  }
  FullHeapEnd(const FullHeapEnd&) = delete;
  FullHeapEnd& operator=(const FullHeapEnd&) = delete;
  ~FullHeapEnd() { isolate_->RemoveNearHeapLimitCallback(NearHeapLimit, 0); }

  void LookAtBuffers(ThreadMeter::BufferRoom room) {
    const uint64_t most = room.heap + (room.files * ThreadMeter::CountOfThread());
    if (BytesOfBuffers() <= most) return;
    isolate_->LowMemoryNotification();
    if (BytesOfBuffers() > most) End(ThreadMeter::Full::kBuffers);
  }

 private:
  static size_t NearHeapLimit(void* data, size_t current, size_t) {
    static_cast<FullHeapEnd*>(data)->End(ThreadMeter::Full::kHeap);
    return current + kLeeway;
  }

  uint64_t BytesOfBuffers() const {
    v8::HeapStatistics statistics;
    isolate_->GetHeapStatistics(&statistics);
    return statistics.external_memory() + OwnMemories::BytesOfThread(isolate_);
  }

  void End(ThreadMeter::Full what) {
    ThreadMeter::NoteFull(what);
    node::Stop(environment_);
  }

  v8::Isolate* const isolate_;
  node::Environment* const environment_;
};

namespace {

// Of this thread, whose isolate is one.
thread_local std::weak_ptr<FullHeapEnd> current;

}  // namespace

std::shared_ptr<FullHeapEnd> EndWhenHeapIsFull(v8::Isolate* isolate) {
  std::shared_ptr<FullHeapEnd> end = current.lock();
  if (!end) current = end = std::make_shared<FullHeapEnd>(isolate);
  return end;
}

void LookAtBuffers(v8::Isolate* isolate, ThreadMeter::BufferRoom room) {
  const auto look = [](v8::Isolate*, void* data) {
    const std::unique_ptr<ThreadMeter::BufferRoom> asked(static_cast<ThreadMeter::BufferRoom*>(data));
    if (const std::shared_ptr<FullHeapEnd> end = current.lock()) end->LookAtBuffers(*asked);
  };
  isolate->RequestInterrupt(look, new ThreadMeter::BufferRoom(room));
}

}  // namespace blockon
