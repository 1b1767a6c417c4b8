#include "jspi/engine/fiber_counter.h"

#include <cstring>
#include <limits>
#include <utility>

#include "jspi/engine/v8_compat.h"

namespace blockon {
namespace {

// False for what is no part of the memory, whose contents may be of another thread where it is shared.
bool Read(v8::Local<v8::WasmMemoryObject> memory, size_t address, FiberCounts* counts) {
  // Asked for each time: a memory that grows gets another buffer, and may get another address.
  const v8::Local<v8::ArrayBuffer> buffer = memory->Buffer();
  if (!buffer->IsArrayBuffer()) return false;
  if (buffer->ByteLength() < sizeof(FiberCounts) || address > buffer->ByteLength() - sizeof(FiberCounts)) return false;
  std::memcpy(counts, static_cast<const char*>(buffer->Data()) + address, sizeof(FiberCounts));
  return true;
}

// The guest counts as it likes.
template <typename T>
void Add(T* sum, T more) {
  if (__builtin_add_overflow(*sum, more, sum))
    *sum = more < 0 ? std::numeric_limits<T>::min() : std::numeric_limits<T>::max();
}

}  // namespace

void FiberCounter::AddCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  auto* counter = UnwrapPointer<FiberCounter>(info, ExternalTag::kFiberCounter);
  if (counter->disposed_) return ThrowError(isolate, "blockon: this realm's engine is disposed");
  if (!info[0]->IsWasmMemoryObject() || !info[1]->IsUint32()) {
    return ThrowTypeError(isolate, "fiber_counts needs a WebAssembly.Memory and a place in it");
  }
  const v8::Local<v8::WasmMemoryObject> memory = info[0].As<v8::WasmMemoryObject>();
  Place place = {v8::Global<v8::WasmMemoryObject>(isolate, memory), info[1].As<v8::Uint32>()->Value()};
  FiberCounts counts;
  if (!Read(memory, place.address, &counts))
    return ThrowTypeError(isolate, "fiber_counts: this is no part of the memory");
  std::erase_if(counter->places_, [&](const Place& known) { return known.memory.IsEmpty() || known.memory == memory; });
  place.memory.SetWeak();
  counter->places_.push_back(std::move(place));
}

FiberCounts FiberCounter::Sum(v8::Isolate* isolate) const {
  const v8::HandleScope scope(isolate);
  FiberCounts sum;
  for (const Place& place : places_) {
    FiberCounts counts;
    if (place.memory.IsEmpty() || !Read(place.memory.Get(isolate), place.address, &counts)) continue;
    Add(&sum.created, counts.created);
    Add(&sum.live, counts.live);
    Add(&sum.peak, counts.peak);
    for (int i = 0; i < kFiberStateCount; i++) Add(&sum.by_state[i], counts.by_state[i]);
  }
  return sum;
}

}  // namespace blockon
