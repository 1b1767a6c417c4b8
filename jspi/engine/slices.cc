#include "jspi/engine/slices.h"

#include <atomic>
#include <cstdio>
#include <memory>
#include <utility>

#include "jspi/engine/memory_part.h"
#include "jspi/engine/v8_compat.h"
#include "jspi/util/slice_clock.h"

namespace blockon {
namespace {

// Once: the guest asks again whenever a thread begins to run.
void TellOfNoClock() {
  static std::atomic<bool> told = false;
  if (told.exchange(true)) return;
  std::fputs(
      "blockon: threads of Python that compute do not give way: the system has no thread for their clock (ulimit -u)\n",
      stderr);
}

}  // namespace

void Slices::WatchCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  auto* slices = UnwrapPointer<Slices>(info, ExternalTag::kSlices);
  if (slices->disposed_) return;  // What runs still is about to end.
  if (!info[0]->IsWasmMemoryObject() || !info[1]->IsUint32()) {
    return ThrowTypeError(isolate, "watch_slices needs a WebAssembly.Memory and a place in it");
  }
  const v8::Local<v8::ArrayBuffer> buffer = info[0].As<v8::WasmMemoryObject>()->Buffer();
  if (!buffer->IsArrayBuffer()) return ThrowTypeError(isolate, "watch_slices: the memory is shared");
  std::shared_ptr<v8::BackingStore> memory = buffer->GetBackingStore();
  WatchedSlice::Place place{.memory = memory,
                            .words = PartOf<SliceWords>(*memory, info[1].As<v8::Uint32>()->Value()),
                            .interval = nullptr,
                            .countdown = nullptr,
                            .signal = nullptr};
  if (place.words) {
    place.interval = PartOf<uint32_t>(*memory, place.words->interval);
    place.countdown = PartOf<uint32_t>(*memory, place.words->countdown);
    place.signal = PartOf<uint32_t>(*memory, place.words->signal);
  }
  if (!place.interval || !place.countdown || !place.signal) {
    return ThrowTypeError(isolate, "watch_slices: this is no part of the memory");
  }
  slices->asked_ = true;
  if (!SliceClock::Get().Watch(slices, std::move(place))) TellOfNoClock();
}

bool Slices::Leave() {
  if (!asked_) return false;
  SliceClock::Get().Forget(this);
  asked_ = false;
  return true;
}

void Slices::Dispose() {
  disposed_ = true;
  Leave();
}

}  // namespace blockon
