#include "jspi/addon/engine_calls.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "jspi/addon/image_options.h"
#include "jspi/addon/options.h"
#include "jspi/addon/snapshot_options.h"
#include "jspi/engine/engine.h"
#include "jspi/engine/environment_end.h"
#include "jspi/engine/v8_compat.h"
#include "jspi/net/outbound_policy.h"

namespace blockon {
namespace {

using v8::Context;
using v8::Function;
using v8::FunctionCallbackInfo;
using v8::Isolate;
using v8::Local;
using v8::Object;
using v8::Value;

bool ReadCountOption(Local<Context> context, Local<Value> options, const char* name, int* count) {
  Local<Value> value;
  return GetOption(context, options, name).ToLocal(&value) &&
         ReadCount(value, std::string("createEngine: the option ") + name, count);
}

// Left as it is when absent; false with an exception pending.
bool ReadSeed(Local<Context> context, Local<Value> options, int* seed) {
  Local<Value> value;
  if (!GetOption(context, options, "switchSeed").ToLocal(&value)) return false;
  if (value->IsUndefined()) return true;
  if (!value->IsInt32() || value.As<v8::Int32>()->Value() < 0) {
    ThrowTypeError(Isolate::GetCurrent(),
                   "createEngine: the option switchSeed must be an integer from 0 to 2147483647");
    return false;
  }
  *seed = value.As<v8::Int32>()->Value();
  return true;
}

// Left as it is when absent; false with an exception pending.
bool ReadText(Local<Context> context, Local<Value> options, const char* name, std::string* text) {
  Local<Value> value;
  if (!GetOption(context, options, name).ToLocal(&value)) return false;
  if (value->IsUndefined()) return true;
  if (!value->IsString()) {
    ThrowTypeError(Isolate::GetCurrent(), std::string("createEngine: the option ") + name + " must be a string");
    return false;
  }
  *text = FromV8(Isolate::GetCurrent(), value.As<v8::String>());
  return true;
}

bool ReadOptions(const FunctionCallbackInfo<Value>& info, EngineOptions* options) {
  Isolate* isolate = info.GetIsolate();
  const Local<Context> context = isolate->GetCurrentContext();
  Local<Value> run_sync;
  if (!GetOption(context, info[1], "runSync").ToLocal(&run_sync)) return false;
  if (!run_sync->IsBoolean()) {
    ThrowTypeError(isolate, "createEngine: the option runSync must be true or false");
    return false;
  }
  options->run_sync = run_sync->IsTrue();
  Local<Value> outbound;
  int heap_mib = 0;
  if (!ReadCountOption(context, info[1], "heapMib", &heap_mib)) return false;
  options->heap_bytes = static_cast<uint64_t>(heap_mib) << 20;
  return ReadSeed(context, info[1], &options->switch_seed) &&
         ReadCountOption(context, info[1], "mainStackBudget", &options->main_stack_budget) &&
         ReadCountOption(context, info[1], "fiberStackBudget", &options->fiber_stack_budget) &&
         GetOption(context, info[1], "outbound").ToLocal(&outbound) &&
         ReadPolicy(context, outbound, &options->outbound) && ReadText(context, info[1], "wasm", &options->wasm) &&
         ReadTextsOption(context, info[1], "libraries", "createEngine: the option ", &options->libraries) &&
         ReadSnapshotOptions(context, info[1].As<Object>(), &options->snapshot) &&
         ReadImages(context, info[1].As<Object>(), &options->images);
}

Engine* LiveEngine(const FunctionCallbackInfo<Value>& info) {
  auto* engine = UnwrapPointer<Engine>(info, ExternalTag::kEngine);
  if (!engine->disposed()) return engine;
  ThrowError(info.GetIsolate(), "this engine is disposed");
  return nullptr;
}

// Empty with an exception pending.
v8::MaybeLocal<Object> NewImportsFor(Engine* engine, Local<Value> limit, Local<Value> preempt_tasks) {
  int max_fibers = kDefaultMaxFibers;
  if (!ReadCount(limit, "maxFibers", &max_fibers)) return {};
  if (!preempt_tasks->IsUndefined() && !preempt_tasks->IsBoolean()) {
    ThrowTypeError(Isolate::GetCurrent(), "preemptTasks must be true or false");
    return {};
  }
  return engine->NewImports(max_fibers, preempt_tasks->IsTrue());
}

void NewImports(const FunctionCallbackInfo<Value>& info) {
  Engine* engine = LiveEngine(info);
  Local<Object> imports;
  if (engine && NewImportsFor(engine, info[0], info[1]).ToLocal(&imports)) info.GetReturnValue().Set(imports);
}

void InstallImports(const FunctionCallbackInfo<Value>& info) {
  Engine* engine = LiveEngine(info);
  if (!engine) return;
  Isolate* isolate = info.GetIsolate();
  if (!info[0]->IsString()) return ThrowTypeError(isolate, "install needs a property name");
  Local<Object> imports;
  if (!NewImportsFor(engine, info[1], info[2]).ToLocal(&imports)) return;
  DefineHiddenGlobal(engine->realm(isolate), FromV8(isolate, info[0].As<v8::String>()), imports);
}

void GetStats(const FunctionCallbackInfo<Value>& info) {
  Isolate* isolate = info.GetIsolate();
  const Local<Context> context = isolate->GetCurrentContext();
  const FiberCounts counts = UnwrapPointer<Engine>(info, ExternalTag::kEngine)->fibers().Sum(isolate);
  const Local<Object> stats = Object::New(isolate);
  const auto set = [&](const char* name, double number) {
    SetProperty(context, stats, name, v8::Number::New(isolate, number));
  };
  set("live", counts.live);
  set("peak", counts.peak);
  set("created", static_cast<double>(counts.created));
  const Local<v8::Array> by_state = v8::Array::New(isolate, kFiberStateCount);
  for (int i = 0; i < kFiberStateCount; i++) {
    by_state->CreateDataProperty(context, i, v8::Integer::New(isolate, counts.by_state[i])).Check();
  }
  SetProperty(context, stats, "byState", by_state);
  info.GetReturnValue().Set(stats);
}

// () -> how many there are: stats().live, without the rest.
void CountFibers(const FunctionCallbackInfo<Value>& info) {
  const FiberCounts counts = UnwrapPointer<Engine>(info, ExternalTag::kEngine)->fibers().Sum(info.GetIsolate());
  info.GetReturnValue().Set(static_cast<double>(counts.live));
}

void CountUnderWay(const FunctionCallbackInfo<Value>& info) {
  const SocketHost& sockets = UnwrapPointer<Engine>(info, ExternalTag::kEngine)->sockets();
  info.GetReturnValue().Set(static_cast<double>(sockets.under_way()));
}

// (host, family, flags, callback): as HostLookups::LookUp() has it.
void LookUp(const FunctionCallbackInfo<Value>& info) {
  Engine* engine = LiveEngine(info);
  if (!engine) return;
  Isolate* isolate = info.GetIsolate();
  if (!info[0]->IsString() || !info[1]->IsInt32() || !info[2]->IsInt32() || !info[3]->IsFunction()) {
    return ThrowTypeError(isolate, "lookUp needs a host, a family, flags and a function");
  }
  engine->sockets().lookups()->LookUp(isolate->GetCurrentContext(), FromV8(isolate, info[0].As<v8::String>()),
                                      info[1].As<v8::Int32>()->Value(), info[2].As<v8::Int32>()->Value(),
                                      info[3].As<Function>());
}

// (address, port) -> why this may not be connected to, or null.
void ConnectRefusal(const FunctionCallbackInfo<Value>& info) {
  Engine* engine = LiveEngine(info);
  if (!engine) return;
  Isolate* isolate = info.GetIsolate();
  const auto address = info[0]->IsString() ? ParseAddress(FromV8(isolate, info[0].As<v8::String>())) : std::nullopt;
  if (!address || !info[1]->IsUint32() || info[1].As<v8::Uint32>()->Value() > 65535) {
    return ThrowTypeError(isolate, "connectRefusal needs an address as a number and a port");
  }
  const auto port = static_cast<uint16_t>(info[1].As<v8::Uint32>()->Value());
  const std::string why = engine->sockets().lookups()->Refusal(*address, port);
  if (why.empty()) return info.GetReturnValue().SetNull();
  info.GetReturnValue().Set(ToV8(isolate, why));
}

// ({allow, deny}): the outbound policy from now on. Throws a TypeError that says which rule is wrong.
void Restrict(const FunctionCallbackInfo<Value>& info) {
  Engine* engine = LiveEngine(info);
  OutboundPolicy policy;
  if (!engine || !ReadPolicy(info.GetIsolate()->GetCurrentContext(), info[0], &policy)) return;
  engine->sockets().SetPolicy(std::move(policy));
}

// ([{file, key}]): more images of files. The number of the first.
void AddImages(const FunctionCallbackInfo<Value>& info) {
  Engine* engine = LiveEngine(info);
  FileImageList images;
  if (!engine || !ReadImageList(info.GetIsolate()->GetCurrentContext(), info[0], &images)) return;
  info.GetReturnValue().Set(static_cast<double>(engine->images().Add(images)));
}

// ([name, file, ...]): side modules that its interpreters find from now on.
void AddLibraries(const FunctionCallbackInfo<Value>& info) {
  Engine* engine = LiveEngine(info);
  std::vector<std::string> libraries;
  if (engine && ReadTexts(info.GetIsolate()->GetCurrentContext(), info[0], "libraries", &libraries)) {
    engine->AddLibraries(libraries);
  }
}

// ({file, key, base}): what an interpreter that has begun with the base goes on with.
void UseSnapshot(const FunctionCallbackInfo<Value>& info) {
  Engine* engine = LiveEngine(info);
  if (!engine) return;
  auto image = ReadSnapshot(info.GetIsolate()->GetCurrentContext(), info[0]);
  if (!image) return;
  const std::string why = engine->snapshots().Use(std::move(image));
  if (!why.empty()) ThrowError(info.GetIsolate(), "useSnapshot: " + why);
}

// () -> the id of this realm's meter (jspi/addon/meter_calls.h).
void GetMeter(const FunctionCallbackInfo<Value>& info) {
  Engine* engine = LiveEngine(info);
  if (engine) info.GetReturnValue().Set(engine->limits().MeterId(engine->realm(info.GetIsolate())));
}

// (): pages of an interpreter's memory that hold what its snapshot does are given up. Throws where the system gives none up.
void TrimMemory(const FunctionCallbackInfo<Value>& info) {
  Engine* engine = LiveEngine(info);
  if (!engine) return;
  GivenUpPages pages;
  if (const std::string why = engine->TrimMemory(&pages); !why.empty()) ThrowError(info.GetIsolate(), "trim: " + why);
}

// (): what the thread spends from now on is this realm's.
void EnterMeter(const FunctionCallbackInfo<Value>& info) {
  UnwrapPointer<Engine>(info, ExternalTag::kEngine)->limits().Enter();
}

void DisposeEngine(const FunctionCallbackInfo<Value>& info) {
  UnwrapPointer<Engine>(info, ExternalTag::kEngine)->Dispose();
}

}  // namespace

void CreateEngine(const FunctionCallbackInfo<Value>& info) {
  Isolate* isolate = info.GetIsolate();
  const Local<Context> host = isolate->GetCurrentContext();
  Local<Context> realm;
  EngineOptions options;
  if (!ContextOfGlobal(isolate, info[0]).ToLocal(&realm) || !ReadOptions(info, &options)) return;
  Local<Value> authorities;
  if (!GetOption(host, info[1], "authorities").ToLocal(&authorities)) return;
  if (!authorities->IsUndefined() && !authorities->IsFunction()) {
    return ThrowTypeError(isolate, "createEngine: the option authorities must be a function");
  }
  auto owned = std::make_unique<Engine>(options);
  if (!owned->Init(realm)) return;
  if (authorities->IsFunction()) owned->tls().authorities().SetSource(isolate, authorities.As<Function>());
  Engine* engine = Register(isolate, std::move(owned));
  const Local<v8::External> self = WrapPointer(isolate, engine, ExternalTag::kEngine);
  const Local<Object> result = Object::New(isolate);
  SetProperty(host, result, "newImports", NewFunction(host, NewImports, self));
  SetProperty(host, result, "install", NewFunction(host, InstallImports, self));
  SetProperty(host, result, "stats", NewFunction(host, GetStats, self));
  SetProperty(host, result, "fibers", NewFunction(host, CountFibers, self));
  SetProperty(host, result, "underWay", NewFunction(host, CountUnderWay, self));
  SetProperty(host, result, "lookUp", NewFunction(host, LookUp, self));
  SetProperty(host, result, "connectRefusal", NewFunction(host, ConnectRefusal, self));
  SetProperty(host, result, "addImages", NewFunction(host, AddImages, self));
  SetProperty(host, result, "addLibraries", NewFunction(host, AddLibraries, self));
  SetProperty(host, result, "useSnapshot", NewFunction(host, UseSnapshot, self));
  SetProperty(host, result, "restrict", NewFunction(host, Restrict, self));
  SetProperty(host, result, "meter", NewFunction(host, GetMeter, self));
  SetProperty(host, result, "trim", NewFunction(host, TrimMemory, self));
  SetProperty(host, result, "enter", NewFunction(host, EnterMeter, self));
  SetProperty(host, result, "dispose", NewFunction(host, DisposeEngine, self));
  info.GetReturnValue().Set(result);
}

void CheckOutboundRules(const FunctionCallbackInfo<Value>& info) {
  OutboundPolicy policy;
  ReadPolicy(info.GetIsolate()->GetCurrentContext(), info[0], &policy);
}

}  // namespace blockon
