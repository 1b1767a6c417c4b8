#include "jspi/addon/idle_heap.h"

#include <algorithm>
#include <cstdint>

#include "jspi/engine/v8_compat.h"

namespace blockon {
namespace {

double HeapBytes(v8::Isolate* isolate) {
  v8::HeapStatistics statistics;
  isolate->GetHeapStatistics(&statistics);
  return static_cast<double>(statistics.total_physical_size());
}

// Of the isolate of this thread.
thread_local bool counts = false;
thread_local uint32_t ended = 0;

void CountOne(v8::Isolate* /*isolate*/, v8::GCType /*type*/, v8::GCCallbackFlags /*flags*/) { ended++; }

}  // namespace

void CollectWhenGrown(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  if (!info[0]->IsNumber() || !info[1]->IsNumber())
    return ThrowTypeError(isolate, "collectWhenGrown needs two numbers");
  const double more = info[0].As<v8::Number>()->Value();
  const double before = info[1].As<v8::Number>()->Value();
  const double now = HeapBytes(isolate);
  // What was collected is known by now.
  if (now < before + more) return info.GetReturnValue().Set(std::min(now, before));
  // In small steps, with other threads' help: what comes meanwhile waits for the last one, some milliseconds. All at once it takes five times that.
  isolate->MemoryPressureNotification(v8::MemoryPressureLevel::kModerate);
  isolate->MemoryPressureNotification(v8::MemoryPressureLevel::kNone);
  info.GetReturnValue().Set(now);
}

void Collections(const v8::FunctionCallbackInfo<v8::Value>& info) {
  if (!counts) info.GetIsolate()->AddGCEpilogueCallback(CountOne, v8::kGCTypeMarkSweepCompact);
  counts = true;
  info.GetReturnValue().Set(ended);
}

void SetStarting(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  if (!info[0]->IsBoolean()) return ThrowTypeError(isolate, "setStarting needs a boolean");
  isolate->SetIsLoading(info[0].As<v8::Boolean>()->Value());
}

}  // namespace blockon
