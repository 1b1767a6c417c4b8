#include "jspi/engine/limits.h"

#include <node.h>
#include <uv.h>

#include <algorithm>
#include <utility>

#include "jspi/engine/loop_turns.h"
#include "jspi/engine/memory_part.h"
#include "jspi/engine/v8_compat.h"

namespace blockon {
namespace {

// What Emscripten's glue grows a memory to at most, without a limit.
constexpr uint64_t kMostBytes = 4294901760;
// Of the guest's (jspi/guest/stack_region.h): stacks come in slabs, and the one that is asked for is to fit in.
constexpr uint64_t kStackBytes = 256 * 1024;
constexpr uint64_t kStacksInSlab = 16;

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

uint32_t Limits::MeterId(v8::Local<v8::Context> realm) {
  if (!meter_) {
    v8::Isolate* isolate = v8::Isolate::GetCurrent();
    uv_loop_t* loop = node::GetCurrentEventLoop(isolate);
    meter_.emplace([loop] { return LoopTurns(loop); }, [isolate](uint32_t meter) { RealmEnd::Request(isolate, meter); },
                   [isolate](ThreadMeter::BufferRoom room) { LookAtBuffers(isolate, room); });
    realm_end_.emplace(realm, meter_->id());
    heap_end_ = EndWhenHeapIsFull(isolate);
  }
  return meter_->id();
}

ThreadMeter::Quiet Limits::KeepFromAsking() { return meter_ ? meter_->KeepFromAsking() : ThreadMeter::Quiet(); }

void Limits::Dispose() {
  disposed_ = true;
  // No interrupt is asked for after it.
  meter_.reset();
  realm_end_.reset();
  heap_end_.reset();
}

}  // namespace blockon
