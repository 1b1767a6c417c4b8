#include "jspi/engine/limits.h"

#include <node.h>
#include <uv.h>

#include <algorithm>
#include <utility>

#include "jspi/engine/memory_part.h"
#include "jspi/engine/v8_compat.h"

namespace blockon {
namespace {

// What Emscripten's glue grows a memory to at most, without a limit.
constexpr uint64_t kMostBytes = 4294901760;
// Of the guest's (jspi/guest/stack_region.h): stacks come in slabs, and the one that is asked for is to fit in.
constexpr uint64_t kStackBytes = 256 * 1024;
constexpr uint64_t kStacksInSlab = 16;
// What the largest string or array of V8's takes: so that the allocation that finds the heap full succeeds, and the thread comes to
// where it can be ended.
constexpr size_t kHeapLeeway = size_t{5} << 28;

uint64_t BytesOfStacks(uint64_t fibers) {
  const uint64_t slabs = fibers / kStacksInSlab + 1;
  return slabs * (kStacksInSlab * kStackBytes + kStackBytes / 8);
}

}  // namespace

void Limits::WatchCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  auto* limits = UnwrapPointer<Limits>(info, ExternalTag::kLimits);
  if (limits->disposed_ || !limits->meter_) return;  // Nobody looks.
  if (!info[0]->IsWasmMemoryObject() || !info[1]->IsUint32()) {
    return ThrowTypeError(isolate, "watch_limits needs a WebAssembly.Memory and a place in it");
  }
  const v8::Local<v8::ArrayBuffer> buffer = info[0].As<v8::WasmMemoryObject>()->Buffer();
  if (!buffer->IsArrayBuffer()) return ThrowTypeError(isolate, "watch_limits: the memory is shared");
  const std::shared_ptr<v8::BackingStore> memory = buffer->GetBackingStore();
  ThreadMeter::Place place{.memory = memory,
                           .start = static_cast<const char*>(memory->Data()),
                           // The store lives as long as the place.
                           .size = [store = memory.get()] { return store->ByteLength(); },
                           .words = PartOf<LimitWords>(*memory, info[1].As<v8::Uint32>()->Value()),
                           .countdown = nullptr,
                           .signal = nullptr};
  if (place.words) {
    place.countdown = PartOf<uint32_t>(*memory, place.words->countdown);
    place.signal = PartOf<uint32_t>(*memory, place.words->signal);
  }
  if (!place.countdown || !place.signal) {
    return ThrowTypeError(isolate, "watch_limits: this is no part of the memory");
  }
  limits->meter_->Watch(std::move(place));
}

void Limits::HeapMaxCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  const auto* limits = UnwrapPointer<Limits>(info, ExternalTag::kLimits);
  uint64_t most = kMostBytes;
  if (limits->heap_bytes_ != 0) {
    // Stacks are never given back to malloc.
    const int peak = limits->fibers_->Sum(info.GetIsolate()).peak;
    most = std::min(most, limits->heap_bytes_ + BytesOfStacks(static_cast<uint64_t>(std::max(peak, 0))));
  }
  info.GetReturnValue().Set(static_cast<double>(most));
}

uint32_t Limits::MeterId(v8::Isolate* isolate) {
  if (!meter_) {
    uv_loop_t* loop = node::GetCurrentEventLoop(isolate);
    meter_.emplace([loop]() -> uint64_t {
      uv_metrics_t metrics;
      return uv_metrics_info(loop, &metrics) == 0 ? metrics.loop_count : 0;
    });
    isolate_ = isolate;
    environment_ = node::GetCurrentEnvironment(isolate->GetCurrentContext());
    // In place of Node's for worker threads, which has a leeway of 16 MiB.
    isolate->AddNearHeapLimitCallback(NearHeapLimit, this);
  }
  return meter_->id();
}

ThreadMeter::Quiet Limits::KeepFromAsking() { return meter_ ? meter_->KeepFromAsking() : ThreadMeter::Quiet(); }

size_t Limits::NearHeapLimit(void* data, size_t current, size_t) {
  auto* limits = static_cast<Limits*>(data);
  limits->meter_->NoteHeapIsFull();
  node::Stop(limits->environment_);
  return current + kHeapLeeway;
}

void Limits::Dispose() {
  disposed_ = true;
  if (isolate_) isolate_->RemoveNearHeapLimitCallback(NearHeapLimit, 0);
  isolate_ = nullptr;
  meter_.reset();
}

}  // namespace blockon
