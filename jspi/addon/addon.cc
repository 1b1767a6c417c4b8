// The one place where JavaScript sees the engine: blockon.node's exports.
//
//   versions                          {addon, v8: {built, found}}
//   createEngine(realmGlobal, {runSync, switchSeed, mainStackBudget, fiberStackBudget, heapMib, outbound: {allow, deny},
//                              authorities, snapshot: {file, key}, saveSnapshot: {file, key}, wasm: file,
//                              images: [{file, key}]})
//                                     -> {newImports(maxFibers = 20000, preemptTasks = false),
//                                         install(name, maxFibers = 20000, preemptTasks = false), stats(), underWay(),
//                                         lookUp(host, family, flags, callback), connectRefusal(address, port),
//                                         restrict({allow, deny}), addImages([{file, key}]),
//                                         addLibraries([name, file, ...]), useSnapshot({file, key, base}), meter(), trim(), enter(),
//                                         dispose()}
//   readMeter(id), measureMeter(id), askMeter(id, over), takeHeapIsFull(id),
//   interruptMeter(id)                what a thread uses (jspi/addon/meter_calls.h)
//   createBridge(realmGlobal, name, handler, stackBytes = 0) -> {send(op, ...), dispose()}
//   openSnapshot({file, key}) -> null, or why the snapshot cannot be used
//   openImage({file, key}) -> null, or why the image of files cannot be used
//   bindTcp(address, port) -> a descriptor, a negative error, or undefined for no address (listening_socket.h)
//   takeHanded(description) -> whether files are handed over; dropHanded() -> how many were used (jspi/util/handed_files.h)
//   awaitCode(wasm)           others wait for loadCode()
//   loadCode(wasm, {file, key}), saveCode(wasm, {file, key}) -> null, or why not (compiled_code.h)
//   readKept({file, key}) -> bytes, or why not; writeKept({file, key}, bytes) -> null, or why not
//   sha256(...pieces) -> hexadecimal digits, of texts and bytes
//   sharedText(file) -> string        whose characters all isolates of the process share
//   randomBytes(size) -> bytes, of the system's randomness
//   limitArenas(most)                 of malloc
//   collectWhenGrown(bytes, before) -> bytes   of this isolate's heap (idle_heap.h)
//   setStarting(whether)              of this isolate (idle_heap.h)
//   guardRealm(realmGlobal, told)     told(text) of each promise of the realm that is rejected and not handled; the last that is
//                                     done with the realm's global object
//   leaveRealm(realmGlobal)           it is not used any more: nobody is told of it, and its guard does not keep it
//   isForeign(value) -> boolean       whether it is an object of another realm than the caller's
//   openChannel(listener) -> {number, post(text, bytes), drain(), close(), hold(whether)}
//   joinChannel(number, listener)     the same, of another thread's channel (jspi/engine/thread_channel.h)
//   checkOutboundRules({allow, deny}) throws what createEngine() would
//   describe(value) -> string         of a value of any realm, without running its code
//
// runtime/addon.ts holds the types and is the only importer. Context-aware: each worker_thread loads it for itself.
#include <node.h>
#include <v8.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "jspi/addon/compiled_code.h"
#include "jspi/addon/idle_heap.h"
#include "jspi/addon/image_options.h"
#include "jspi/addon/listening_socket.h"
#include "jspi/addon/malloc_arenas.h"
#include "jspi/addon/meter_calls.h"
#include "jspi/addon/random_bytes.h"
#include "jspi/addon/sha256.h"
#include "jspi/addon/shared_text.h"
#include "jspi/addon/snapshot_options.h"
#include "jspi/engine/bridge.h"
#include "jspi/engine/bridge_value.h"
#include "jspi/engine/engine.h"
#include "jspi/engine/environment_end.h"
#include "jspi/engine/realm_guard.h"
#include "jspi/engine/shared_module.h"
#include "jspi/engine/thread_channel.h"
#include "jspi/engine/v8_compat.h"
#include "jspi/net/outbound_policy.h"
#include "jspi/util/version_check.h"

#define BLOCKON_STRINGIFY_(x) #x
#define BLOCKON_STRINGIFY(x) BLOCKON_STRINGIFY_(x)
#define BLOCKON_V8_BUILT              \
  BLOCKON_STRINGIFY(V8_MAJOR_VERSION) \
  "." BLOCKON_STRINGIFY(V8_MINOR_VERSION) "." BLOCKON_STRINGIFY(V8_BUILD_NUMBER)

namespace blockon {
namespace {

using v8::Context;
using v8::Function;
using v8::FunctionCallbackInfo;
using v8::Isolate;
using v8::Local;
using v8::Object;
using v8::Value;

// An own option of the caller's object; empty with an exception pending.
v8::MaybeLocal<Value> GetOption(Local<Context> context, Local<Value> options, const char* name) {
  if (!options->IsObject()) return v8::Undefined(Isolate::GetCurrent()).As<Value>();
  return options.As<Object>()->Get(context, ToV8(Isolate::GetCurrent(), name));
}

// A positive integer, left as it is when absent; false with an exception pending, in which `what` begins the text.
bool ReadCount(Local<Value> value, const std::string& what, int* count) {
  if (value->IsUndefined()) return true;
  if (!value->IsInt32() || value.As<v8::Int32>()->Value() < 1) {
    ThrowTypeError(Isolate::GetCurrent(), what + " must be a positive integer");
    return false;
  }
  *count = value.As<v8::Int32>()->Value();
  return true;
}

// An array of strings, empty when absent; false with an exception pending, in which `name` is what they are.
bool ReadTexts(Local<Context> context, Local<Value> value, const std::string& name, std::vector<std::string>* texts) {
  Isolate* isolate = Isolate::GetCurrent();
  if (value->IsUndefined()) return true;
  if (value->IsArray()) {
    const Local<v8::Array> array = value.As<v8::Array>();
    for (uint32_t i = 0; i < array->Length(); i++) {
      Local<Value> item;
      if (!array->Get(context, i).ToLocal(&item)) return false;
      if (!item->IsString()) break;
      texts->push_back(FromV8(isolate, item.As<v8::String>()));
    }
    if (texts->size() == array->Length()) return true;
  }
  ThrowTypeError(isolate, name + " must be an array of strings");
  return false;
}

// As ReadTexts() of an own option of the caller's object.
bool ReadTextsOption(Local<Context> context, Local<Value> options, const char* name, const std::string& what,
                     std::vector<std::string>* texts) {
  Local<Value> value;
  return GetOption(context, options, name).ToLocal(&value) && ReadTexts(context, value, what + name, texts);
}

// {allow, deny}, or undefined for a policy that allows all; false with an exception pending.
bool ReadPolicy(Local<Context> context, Local<Value> rules, OutboundPolicy* policy) {
  std::vector<std::string> allow;
  std::vector<std::string> deny;
  const std::string what = "the outbound policy: ";
  if (!ReadTextsOption(context, rules, "allow", what, &allow) || !ReadTextsOption(context, rules, "deny", what, &deny))
    return false;
  std::string error;
  auto parsed = OutboundPolicy::Parse(allow, deny, &error);
  if (!parsed) {
    ThrowTypeError(Isolate::GetCurrent(), error);
    return false;
  }
  *policy = std::move(*parsed);
  return true;
}

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

// () -> {givenUp, kept}: pages of an interpreter's memory. Throws where the system gives none up.
void TrimMemory(const FunctionCallbackInfo<Value>& info) {
  Engine* engine = LiveEngine(info);
  if (!engine) return;
  Isolate* isolate = info.GetIsolate();
  GivenUpPages pages;
  if (const std::string why = engine->TrimMemory(&pages); !why.empty()) return ThrowError(isolate, "trim: " + why);
  const Local<Context> context = isolate->GetCurrentContext();
  const Local<Object> result = Object::New(isolate);
  SetProperty(context, result, "givenUp", v8::Number::New(isolate, static_cast<double>(pages.given_up)));
  SetProperty(context, result, "kept", v8::Number::New(isolate, static_cast<double>(pages.kept)));
  info.GetReturnValue().Set(result);
}

// (): what the thread spends from now on is this realm's.
void EnterMeter(const FunctionCallbackInfo<Value>& info) {
  UnwrapPointer<Engine>(info, ExternalTag::kEngine)->limits().Enter();
}

void DisposeEngine(const FunctionCallbackInfo<Value>& info) {
  UnwrapPointer<Engine>(info, ExternalTag::kEngine)->Dispose();
}

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

void CreateBridge(const FunctionCallbackInfo<Value>& info) {
  Isolate* isolate = info.GetIsolate();
  const Local<Context> host = isolate->GetCurrentContext();
  Local<Context> realm;
  if (!ContextOfGlobal(isolate, info[0]).ToLocal(&realm)) return;
  if (!info[1]->IsString() || !info[2]->IsFunction()) {
    return ThrowTypeError(isolate, "createBridge needs a realm, a property name and a function");
  }
  if (!info[3]->IsUndefined() && !info[3]->IsUint32()) {
    return ThrowTypeError(isolate, "createBridge: stackBytes must be a number of bytes");
  }
  const uint32_t stack_bytes = info[3]->IsUint32() ? info[3].As<v8::Uint32>()->Value() : 0;
  Bridge* bridge = Register(isolate, std::make_unique<Bridge>(host, realm, info[2].As<Function>(), stack_bytes));
  bridge->Install(FromV8(isolate, info[1].As<v8::String>()));
  info.GetReturnValue().Set(bridge->NewHostEnd());
}

void GuardRealm(const FunctionCallbackInfo<Value>& info) {
  Isolate* isolate = info.GetIsolate();
  Local<Context> realm;
  if (!ContextOfGlobal(isolate, info[0]).ToLocal(&realm)) return;
  const Local<Context> host = isolate->GetCurrentContext();
  if (realm == host || !info[1]->IsFunction()) {
    return ThrowTypeError(isolate, "guardRealm needs another realm and a function");
  }
  Register(isolate, std::make_unique<RealmGuard>(host, realm, info[1].As<Function>()));
}

void LeaveRealm(const FunctionCallbackInfo<Value>& info) {
  Local<Context> realm;
  if (ContextOfGlobal(info.GetIsolate(), info[0]).ToLocal(&realm)) RealmGuard::Leave(realm);
}

void IsForeign(const FunctionCallbackInfo<Value>& info) {
  Isolate* isolate = info.GetIsolate();
  Local<Context> context;
  const bool is_foreign =
      info[0]->IsObject() &&
      (!info[0].As<Object>()->GetCreationContext(isolate).ToLocal(&context) || context != isolate->GetCurrentContext());
  info.GetReturnValue().Set(is_foreign);
}

void OpenChannel(const FunctionCallbackInfo<Value>& info) {
  Isolate* isolate = info.GetIsolate();
  if (!info[0]->IsFunction()) return ThrowTypeError(isolate, "openChannel needs a function");
  auto channel = std::make_shared<ThreadChannel>();
  auto* end = Register(isolate, std::make_unique<ThreadChannelEnd>(isolate, channel, 0, info[0].As<Function>()));
  const Local<Object> result = ThreadChannelEnd::NewObject(end);
  const uint32_t number = ThreadChannel::Publish(std::move(channel));
  SetProperty(isolate->GetCurrentContext(), result, "number", v8::Integer::NewFromUnsigned(isolate, number));
  info.GetReturnValue().Set(result);
}

void JoinChannel(const FunctionCallbackInfo<Value>& info) {
  Isolate* isolate = info.GetIsolate();
  if (!info[0]->IsUint32() || !info[1]->IsFunction()) {
    return ThrowTypeError(isolate, "joinChannel needs a channel's number and a function");
  }
  auto channel = ThreadChannel::Claim(info[0].As<v8::Uint32>()->Value());
  if (!channel) return ThrowError(isolate, "joinChannel: nobody has opened this channel, or it was joined before");
  auto* end =
      Register(isolate, std::make_unique<ThreadChannelEnd>(isolate, std::move(channel), 1, info[1].As<Function>()));
  info.GetReturnValue().Set(ThreadChannelEnd::NewObject(end));
}

// Throws a TypeError that says which rule is wrong.
void CheckOutboundRules(const FunctionCallbackInfo<Value>& info) {
  OutboundPolicy policy;
  ReadPolicy(info.GetIsolate()->GetCurrentContext(), info[0], &policy);
}

void Describe(const FunctionCallbackInfo<Value>& info) {
  info.GetReturnValue().Set(ToV8(info.GetIsolate(), DescribeUnseen(info[0])));
}

Local<Object> NewPair(Local<Context> context, std::string_view built, std::string_view found) {
  Isolate* isolate = Isolate::GetCurrent();
  const Local<Object> pair = Object::New(isolate);
  SetProperty(context, pair, "built", ToV8(isolate, built));
  SetProperty(context, pair, "found", ToV8(isolate, found));
  return pair;
}

void Init(Local<Object> exports, Local<Context> context) {
  Isolate* isolate = Isolate::GetCurrent();
  const std::string mismatch = DescribeV8Mismatch(BLOCKON_V8_BUILT, v8::V8::GetVersion());
  if (!mismatch.empty()) return ThrowError(isolate, mismatch);
  const Local<Object> versions = Object::New(isolate);
  SetProperty(context, versions, "addon", ToV8(isolate, BLOCKON_VERSION));
  SetProperty(context, versions, "v8", NewPair(context, BLOCKON_V8_BUILT, v8::V8::GetVersion()));
  SetProperty(context, exports, "versions", versions);
  const Local<Value> none = v8::Undefined(isolate);
  SetProperty(context, exports, "createEngine", NewFunction(context, CreateEngine, none));
  SetProperty(context, exports, "createBridge", NewFunction(context, CreateBridge, none));
  SetProperty(context, exports, "openSnapshot", NewFunction(context, OpenSnapshot, none));
  SetProperty(context, exports, "openImage", NewFunction(context, OpenImage, none));
  SetProperty(context, exports, "bindTcp", NewFunction(context, BindTcp, none));
  SetProperty(context, exports, "takeHanded", NewFunction(context, TakeHanded, none));
  SetProperty(context, exports, "dropHanded", NewFunction(context, DropHanded, none));
  SetProperty(context, exports, "awaitCode", NewFunction(context, AwaitCode, none));
  SetProperty(context, exports, "loadCode", NewFunction(context, LoadCode, none));
  SetProperty(context, exports, "saveCode", NewFunction(context, SaveCode, none));
  SetProperty(context, exports, "sha256", NewFunction(context, Sha256, none));
  SetProperty(context, exports, "sharedText", NewFunction(context, SharedText, none));
  SetProperty(context, exports, "randomBytes", NewFunction(context, RandomBytes, none));
  SetProperty(context, exports, "readKept", NewFunction(context, ReadKept, none));
  SetProperty(context, exports, "writeKept", NewFunction(context, WriteKept, none));
  SetProperty(context, exports, "limitArenas", NewFunction(context, LimitArenas, none));
  SetProperty(context, exports, "collectWhenGrown", NewFunction(context, CollectWhenGrown, none));
  SetProperty(context, exports, "setStarting", NewFunction(context, SetStarting, none));
  SetProperty(context, exports, "guardRealm", NewFunction(context, GuardRealm, none));
  SetProperty(context, exports, "leaveRealm", NewFunction(context, LeaveRealm, none));
  SetProperty(context, exports, "isForeign", NewFunction(context, IsForeign, none));
  SetProperty(context, exports, "openChannel", NewFunction(context, OpenChannel, none));
  SetProperty(context, exports, "joinChannel", NewFunction(context, JoinChannel, none));
  SetProperty(context, exports, "checkOutboundRules", NewFunction(context, CheckOutboundRules, none));
  AddMeterCalls(context, exports);
  SetProperty(context, exports, "describe", NewFunction(context, Describe, none));
}

}  // namespace
}  // namespace blockon

NODE_MODULE_INIT() {
  static_cast<void>(module);
  blockon::Register(v8::Isolate::GetCurrent(), std::make_unique<blockon::SharedModulesHold>());
  blockon::Init(exports, context);
}
