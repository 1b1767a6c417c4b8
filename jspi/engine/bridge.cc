#include "jspi/engine/bridge.h"

#include <cstdio>
#include <string>
#include <vector>

#include "jspi/engine/bridge_value.h"
#include "jspi/engine/realm_end.h"
#include "jspi/engine/structured_clone.h"
#include "jspi/engine/text_codec.h"
#include "jspi/engine/too_large.h"
#include "jspi/engine/v8_compat.h"
#include "jspi/util/trace.h"

namespace blockon {
namespace {

using ErrorFactory = v8::Local<v8::Value> (*)(v8::Local<v8::String>);

v8::Local<v8::Value> NewPlainError(v8::Local<v8::String> message) { return v8::Exception::Error(message); }
v8::Local<v8::Value> NewRangeError(v8::Local<v8::String> message) { return v8::Exception::RangeError(message); }
v8::Local<v8::Value> NewSyntaxError(v8::Local<v8::String> message) { return v8::Exception::SyntaxError(message); }
v8::Local<v8::Value> NewTypeError(v8::Local<v8::String> message) { return v8::Exception::TypeError(message); }

ErrorFactory FactoryFor(const std::string& name) {
  if (name == "RangeError") return NewRangeError;
  if (name == "SyntaxError") return NewSyntaxError;
  if (name == "TypeError") return NewTypeError;
  return NewPlainError;
}

// What an operation of the host may take of the stack, with what was in use when the bridge was made.
constexpr uintptr_t kHostStackBytes = 384 * 1024;

uintptr_t StackAddress() { return reinterpret_cast<uintptr_t>(__builtin_frame_address(0)); }

// A string property of a host error, which may hold a text of the guest's; empty when there is none.
std::string HostText(v8::Local<v8::Context> host, v8::Local<v8::Value> error, const char* property) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  v8::Local<v8::Value> value;
  if (!error->IsObject() || !error.As<v8::Object>()->Get(host, ToV8(isolate, property)).ToLocal(&value)) return {};
  return value->IsString() ? BeginningOf(isolate, value.As<v8::String>(), kMostErrorText) : std::string();
}

void ThrowNoCrossing(v8::Isolate* isolate, Crossing crossing, const std::string& which, v8::Local<v8::Value> value) {
  if (crossing == Crossing::kNoMemory) return ThrowRangeError(isolate, which + "more bytes than there is memory for");
  ThrowTypeError(isolate, which + DescribeKind(value) + ": only primitives and bytes cross");
}

}  // namespace

Bridge::Bridge(v8::Local<v8::Context> host, v8::Local<v8::Context> guest, v8::Local<v8::Function> handler,
               uint32_t stack_bytes)
    : stack_base_(StackAddress()), stack_bytes_(stack_bytes) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  host_.Reset(isolate, host);
  guest_.Reset(isolate, guest);
  handler_.Reset(isolate, handler);
}

void Bridge::Install(std::string_view name) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  const v8::Local<v8::Context> guest = guest_.Get(isolate);
  v8::Context::Scope scope(guest);
  const v8::Local<v8::External> self = WrapPointer(isolate, this, ExternalTag::kBridge);
  const v8::Local<v8::Object> end = v8::Object::New(isolate);
  SetProperty(guest, end, "call", NewFunction(guest, CallCallback, self));
  SetProperty(guest, end, "listen", NewFunction(guest, ListenCallback, self));
  SetProperty(guest, end, "encodeUtf8", NewFunction(guest, EncodeUtf8Callback, self));
  SetProperty(guest, end, "decodeUtf8", NewFunction(guest, DecodeUtf8Callback, self));
  SetProperty(guest, end, "decodeLatin1", NewFunction(guest, DecodeLatin1Callback, self));
  SetProperty(guest, end, "decodeUtf16", NewFunction(guest, DecodeUtf16Callback, self));
  SetProperty(guest, end, "markPrototype", NewFunction(guest, MarkPrototypeCallback, self));
  SetProperty(guest, end, "structuredClone", NewFunction(guest, StructuredCloneCallback, self));
  DefineHiddenGlobal(guest, name, end);
}

v8::Local<v8::Object> Bridge::NewHostEnd() {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  const v8::Local<v8::Context> host = host_.Get(isolate);
  const v8::Local<v8::External> self = WrapPointer(isolate, this, ExternalTag::kBridge);
  const v8::Local<v8::Object> end = v8::Object::New(isolate);
  SetProperty(host, end, "send", NewFunction(host, SendCallback, self));
  SetProperty(host, end, "dispose", NewFunction(host, DisposeCallback, self));
  return end;
}

void Bridge::Dispose() {
  disposed_ = true;
  host_.Reset();
  guest_.Reset();
  handler_.Reset();
  listener_.Reset();
}

bool Bridge::HasStackForHost() const {
  const uintptr_t used = stack_base_ - StackAddress();
  // Beyond its size it is another stack: V8 has more than one.
  return used > stack_bytes_ || used + kHostStackBytes < stack_bytes_;
}

void Bridge::Rethrow(v8::Local<v8::Context> from, v8::Local<v8::Context> to, v8::TryCatch* caught, bool to_host) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  if (caught->HasTerminated() || !caught->CanContinue()) {
    if (to_host || !RealmEnd::Resume(isolate)) {
      caught->ReThrow();
      return;
    }
    caught->Reset();
    v8::Context::Scope scope(from);
    ThrowError(isolate, "it was ended where it ran");
    return;
  }
  std::string message, name;
  if (to_host) {
    v8::TryCatch inner(isolate);
    message = HostText(to, caught->Exception(), "message");
    name = HostText(to, caught->Exception(), "name");
    if (message.empty()) message = "an error of the host";
  } else {
    message = DescribeThrown(to, *caught);
  }
  caught->Reset();
  v8::Context::Scope scope(from);
  isolate->ThrowException(FactoryFor(name)(ToV8(isolate, message)));
}

void Bridge::Cross(const v8::FunctionCallbackInfo<v8::Value>& info, v8::Local<v8::Context> from,
                   v8::Local<v8::Context> to, v8::Local<v8::Function> target, bool to_host) {
  v8::Isolate* isolate = info.GetIsolate();
  std::vector<v8::Local<v8::Value>> arguments(info.Length());
  for (int i = 0; i < info.Length(); i++) {
    const Crossing crossing = CopyAcross(to, info[i], &arguments[i]);
    if (crossing != Crossing::kDone) {
      return ThrowNoCrossing(isolate, crossing, "argument " + std::to_string(i) + " of the bridge is ", info[i]);
    }
  }
  v8::TryCatch caught(isolate);
  v8::Local<v8::Value> result, copy;
  {
    v8::Context::Scope scope(to);
    if (!target->Call(to, v8::Undefined(isolate), info.Length(), arguments.data()).ToLocal(&result)) {
      Rethrow(from, to, &caught, to_host);
      if (!caught.HasTerminated()) caught.ReThrow();
      return;
    }
    if (!to_host) RealmEnd::Resume(isolate);
  }
  if (const Crossing crossing = CopyAcross(from, result, &copy); crossing != Crossing::kDone) {
    ThrowNoCrossing(isolate, crossing, "the other end of the bridge returned ", result);
    caught.ReThrow();
    return;
  }
  info.GetReturnValue().Set(copy);
}

void Bridge::CallCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  auto* self = UnwrapPointer<Bridge>(info, ExternalTag::kBridge);
  if (self->disposed_) return ThrowError(isolate, "the bridge to the host is closed");
  if (RealmEnd::IsUnderWay()) return;
  if (Trace().bridge && info.Length() > 0 && info[0]->IsString()) {
    std::fprintf(stderr, "blockon: bridge call %s\n", FromV8(isolate, info[0].As<v8::String>()).c_str());
  }
  if (!self->HasStackForHost()) {
    return ThrowRangeError(isolate, "Maximum call stack size exceeded");
  }
  self->Cross(info, self->guest_.Get(isolate), self->host_.Get(isolate), self->handler_.Get(isolate), true);
}

void Bridge::ListenCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  auto* self = UnwrapPointer<Bridge>(info, ExternalTag::kBridge);
  if (self->disposed_) return ThrowError(info.GetIsolate(), "the bridge to the host is closed");
  if (!info[0]->IsFunction()) return ThrowTypeError(info.GetIsolate(), "listen needs a function");
  self->listener_.Reset(info.GetIsolate(), info[0].As<v8::Function>());
}

void Bridge::SendCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  auto* self = UnwrapPointer<Bridge>(info, ExternalTag::kBridge);
  if (self->disposed_) return ThrowError(isolate, "the bridge to the guest is closed");
  if (self->listener_.IsEmpty()) return ThrowError(isolate, "the guest does not listen on its bridge yet");
  if (Trace().bridge && info.Length() > 0 && info[0]->IsString()) {
    std::fprintf(stderr, "blockon: bridge send %s\n", FromV8(isolate, info[0].As<v8::String>()).c_str());
  }
  self->Cross(info, self->host_.Get(isolate), self->guest_.Get(isolate), self->listener_.Get(isolate), false);
}

void Bridge::DisposeCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  UnwrapPointer<Bridge>(info, ExternalTag::kBridge)->Dispose();
}

}  // namespace blockon
