#include "jspi/addon/meter_calls.h"

#include <optional>

#include "jspi/engine/v8_compat.h"
#include "jspi/util/thread_meter.h"

namespace blockon {
namespace {

using v8::Context;
using v8::FunctionCallbackInfo;
using v8::Isolate;
using v8::Local;
using v8::Object;
using v8::Value;

// A number of 32 bits, as ids of meters and of requests are; nothing, with an exception pending, for what is none.
std::optional<uint32_t> ReadNumber(Isolate* isolate, Local<Value> value) {
  if (value->IsUint32()) return value.As<v8::Uint32>()->Value();
  ThrowTypeError(isolate, "expected an integer from 0 to 4294967295");
  return std::nullopt;
}

// {cpu, turns, asked, answered, request}, or null for a meter that is gone.
void ReadMeter(const FunctionCallbackInfo<Value>& info) {
  Isolate* isolate = info.GetIsolate();
  const auto id = ReadNumber(isolate, info[0]);
  if (!id) return;
  const auto reading = ThreadMeter::Read(*id);
  if (!reading) return info.GetReturnValue().SetNull();
  const Local<Context> context = isolate->GetCurrentContext();
  const Local<Object> result = Object::New(isolate);
  const auto set = [&](const char* name, double number) {
    SetProperty(context, result, name, v8::Number::New(isolate, number));
  };
  set("cpu", reading->processor_seconds);
  set("turns", static_cast<double>(reading->turns));
  set("asked", reading->asked);
  set("answered", reading->answered);
  set("request", reading->request);
  info.GetReturnValue().Set(result);
}

// {size, resident}, in bytes, or null where there is no memory.
void MeasureMeter(const FunctionCallbackInfo<Value>& info) {
  Isolate* isolate = info.GetIsolate();
  const auto id = ReadNumber(isolate, info[0]);
  if (!id) return;
  const auto memory = ThreadMeter::Measure(*id);
  if (!memory) return info.GetReturnValue().SetNull();
  const Local<Context> context = isolate->GetCurrentContext();
  const Local<Object> result = Object::New(isolate);
  SetProperty(context, result, "size", v8::Number::New(isolate, static_cast<double>(memory->size)));
  SetProperty(context, result, "resident", v8::Number::New(isolate, static_cast<double>(memory->resident)));
  info.GetReturnValue().Set(result);
}

// (id) -> "heap" or "buffers", where its thread was ended since V8's heap was full or its ArrayBuffers held too much; once.
void TakeFull(const FunctionCallbackInfo<Value>& info) {
  Isolate* isolate = info.GetIsolate();
  const auto id = ReadNumber(isolate, info[0]);
  if (!id) return;
  const auto full = ThreadMeter::TakeFull(*id);
  if (!full) return info.GetReturnValue().SetNull();
  info.GetReturnValue().Set(ToV8(isolate, *full == ThreadMeter::Full::kHeap ? "heap" : "buffers"));
}

// (id, heap, files), in MiB -> whether the thread can be told to look.
void LookAtBuffersOf(const FunctionCallbackInfo<Value>& info) {
  constexpr uint64_t kMiB = 1024 * 1024;
  const auto id = ReadNumber(info.GetIsolate(), info[0]);
  if (!id) return;
  const auto heap = ReadNumber(info.GetIsolate(), info[1]);
  if (!heap) return;
  const auto files = ReadNumber(info.GetIsolate(), info[2]);
  if (!files) return;
  info.GetReturnValue().Set(ThreadMeter::LookAtBuffers(*id, {.heap = *heap * kMiB, .files = *files * kMiB}));
}

// (id, over) -> whether there was a guest to ask.
void AskMeter(const FunctionCallbackInfo<Value>& info) {
  const auto id = ReadNumber(info.GetIsolate(), info[0]);
  if (!id) return;
  const auto over = ReadNumber(info.GetIsolate(), info[1]);
  if (over) info.GetReturnValue().Set(ThreadMeter::Ask(*id, *over));
}

// (id) -> whether what runs of its realm can be told to end.
void InterruptMeter(const FunctionCallbackInfo<Value>& info) {
  const auto id = ReadNumber(info.GetIsolate(), info[0]);
  if (id) info.GetReturnValue().Set(ThreadMeter::Interrupt(*id));
}

}  // namespace

void AddMeterCalls(Local<Context> context, Local<Object> exports) {
  const Local<Value> none = v8::Undefined(Isolate::GetCurrent());
  SetProperty(context, exports, "readMeter", NewFunction(context, ReadMeter, none));
  SetProperty(context, exports, "measureMeter", NewFunction(context, MeasureMeter, none));
  SetProperty(context, exports, "takeFull", NewFunction(context, TakeFull, none));
  SetProperty(context, exports, "lookAtBuffers", NewFunction(context, LookAtBuffersOf, none));
  SetProperty(context, exports, "interruptMeter", NewFunction(context, InterruptMeter, none));
  SetProperty(context, exports, "askMeter", NewFunction(context, AskMeter, none));
}

}  // namespace blockon
