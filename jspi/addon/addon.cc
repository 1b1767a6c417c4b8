// The one place where JavaScript sees the engine: blockon.node's exports.
//
//   versions                          {addon, v8: {built, found}}
//   createEngine(realmGlobal, {...}) -> an engine (jspi/addon/engine_calls.h)
//   readMeter(id), measureMeter(id), askMeter(id, over), takeFull(id), lookAtBuffers(id, heap, files),
//   interruptMeter(id)                what a thread uses (jspi/addon/meter_calls.h)
//   createBridge(realmGlobal, name, handler, stackBytes = 0) -> {send(op, ...), dispose()}
//   openSnapshot({file, key}) -> null, or why the snapshot cannot be used
//   openImage({file, key}) -> null, or why the image of files cannot be used
//   bindTcp(address, port) -> a descriptor, a negative error, or undefined for no address (listening_socket.h)
//   takeHanded(description) -> whether files are handed over; dropHanded() -> how many were used (jspi/util/handed_files.h)
//   setV8Flag(flag)           of the process
//   feedCode(wasm)            begins what loadCode() will go on with
//   awaitCode(wasm)           others wait for loadCode()
//   loadCode(wasm, {file, key}), saveCode(wasm, {file, key}) -> null, or why not (compiled_code.h)
//   readKept({file, key}) -> bytes, or why not; writeKept({file, key}, bytes) -> null, or why not
//   sha256(...pieces) -> hexadecimal digits, of texts and bytes
//   sharedText(file) -> string        whose characters all isolates of the process share
//   randomBytes(size) -> bytes, of the system's randomness
//   limitArenas(most)                 of malloc
//   collectWhenGrown(bytes, before) -> bytes   of this isolate's heap (idle_heap.h)
//   collections() -> number           that have ended (idle_heap.h)
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
#include <string_view>
#include <utility>

#include "jspi/addon/compiled_code.h"
#include "jspi/addon/engine_calls.h"
#include "jspi/addon/idle_heap.h"
#include "jspi/addon/image_options.h"
#include "jspi/addon/listening_socket.h"
#include "jspi/addon/malloc_arenas.h"
#include "jspi/addon/meter_calls.h"
#include "jspi/addon/random_bytes.h"
#include "jspi/addon/sha256.h"
#include "jspi/addon/shared_text.h"
#include "jspi/addon/snapshot_options.h"
#include "jspi/addon/v8_flag.h"
#include "jspi/engine/bridge.h"
#include "jspi/engine/bridge_value.h"
#include "jspi/engine/environment_end.h"
#include "jspi/engine/realm_guard.h"
#include "jspi/engine/shared_module.h"
#include "jspi/engine/thread_channel.h"
#include "jspi/engine/v8_compat.h"
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
  SetProperty(context, exports, "setV8Flag", NewFunction(context, SetV8Flag, none));
  SetProperty(context, exports, "feedCode", NewFunction(context, FeedCode, none));
  SetProperty(context, exports, "awaitCode", NewFunction(context, AwaitCode, none));
  SetProperty(context, exports, "loadCode", NewFunction(context, LoadCode, none));
  SetProperty(context, exports, "saveCode", NewFunction(context, SaveCode, none));
  SetProperty(context, exports, "sha256", NewFunction(context, Sha256, none));
  SetProperty(context, exports, "sharedText", NewFunction(context, SharedText, none));
  SetProperty(context, exports, "randomBytes", NewFunction(context, RandomBytes, none));
  SetProperty(context, exports, "readKept", NewFunction(context, ReadKept, none));
  SetProperty(context, exports, "writeKept", NewFunction(context, WriteKept, none));
  SetProperty(context, exports, "limitArenas", NewFunction(context, LimitArenas, none));
  SetProperty(context, exports, "collections", NewFunction(context, Collections, none));
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
