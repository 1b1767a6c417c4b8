#include "jspi/engine/full_heap.h"

#include <node.h>

#include <cstddef>

#include "jspi/util/thread_meter.h"

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

 private:
  static size_t NearHeapLimit(void* data, size_t current, size_t) {
    ThreadMeter::NoteHeapIsFull();
    node::Stop(static_cast<FullHeapEnd*>(data)->environment_);
    return current + kLeeway;
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

}  // namespace blockon
