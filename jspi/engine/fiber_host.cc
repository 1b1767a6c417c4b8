#include "jspi/engine/fiber_host.h"

#include <utility>

#include "jspi/engine/v8_compat.h"
#include "jspi/util/trace.h"

namespace blockon {

namespace {

int IntArgument(const v8::FunctionCallbackInfo<v8::Value>& info, int index) {
  const v8::Local<v8::Value> value = info[index];
  return value->IsInt32() ? value.As<v8::Int32>()->Value() : -1;
}

}  // namespace

FiberHost* FiberHost::From(const v8::FunctionCallbackInfo<v8::Value>& info) {
  auto* host = UnwrapPointer<FiberHost>(info, ExternalTag::kFiberHost);
  if (!host->disposed_) return host;
  ThrowError(info.GetIsolate(), "blockon: this realm's engine is disposed");
  return nullptr;
}

bool FiberHost::Transition(int id, FiberState to) {
  const FiberState from = table_.StateOf(id);
  const bool allowed = table_.Transition(id, to);
  if (Trace().fibers) TraceTransition(id, from, to, allowed);
  return allowed;
}

void FiberHost::Dispose() {
  disposed_ = true;
  waits_.clear();
}

void FiberHost::NewCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  if (FiberHost* host = From(info)) info.GetReturnValue().Set(host->table_.New());
}

void FiberHost::TransitionCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  FiberHost* host = From(info);
  if (!host) return;
  const int id = IntArgument(info, 0);
  const int state = IntArgument(info, 1);
  const bool allowed = state >= 0 && state < kFiberStateCount && host->Transition(id, static_cast<FiberState>(state));
  if (allowed && static_cast<FiberState>(state) == FiberState::kDone) host->waits_.erase(id);
  info.GetReturnValue().Set(allowed ? 1 : 0);
}

void FiberHost::ResumeCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  FiberHost* host = From(info);
  if (!host) return;
  const int id = IntArgument(info, 0);
  const bool allowed = host->Transition(id, FiberState::kResuming) && host->Transition(id, FiberState::kRunning);
  info.GetReturnValue().Set(allowed ? 1 : 0);
}

void FiberHost::WaitCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  FiberHost* host = From(info);
  if (!host) return;
  v8::Isolate* isolate = info.GetIsolate();
  const int id = IntArgument(info, 0);
  if (!host->table_.IsLive(id) || host->waits_.contains(id)) {
    ThrowError(isolate, "blockon: fiber_wait for a fiber that does not exist or waits already");
    return;
  }
  v8::Local<v8::Promise::Resolver> resolver;
  if (!v8::Promise::Resolver::New(isolate->GetCurrentContext()).ToLocal(&resolver)) return;
  host->waits_.emplace(id, v8::Global<v8::Promise::Resolver>(isolate, resolver));
  info.GetReturnValue().Set(resolver->GetPromise());
}

void FiberHost::WakeCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  FiberHost* host = From(info);
  if (!host) return;
  v8::Isolate* isolate = info.GetIsolate();
  auto node = host->waits_.extract(IntArgument(info, 0));
  if (node.empty()) {
    info.GetReturnValue().Set(0);
    return;
  }
  const v8::Local<v8::Promise::Resolver> resolver = node.mapped().Get(isolate);
  if (resolver->Resolve(isolate->GetCurrentContext(), v8::Undefined(isolate)).IsNothing()) return;
  info.GetReturnValue().Set(1);
}

void FiberHost::PendingWaitsCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  if (FiberHost* host = From(info)) info.GetReturnValue().Set(host->pending_waits());
}

void FiberHost::SuspendCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  FiberHost* host = From(info);
  if (!host) return;
  if (!host->Transition(IntArgument(info, 0), FiberState::kSuspended)) {
    ThrowError(info.GetIsolate(), "blockon: a fiber that is not running cannot suspend");
    return;
  }
  info.GetReturnValue().Set(info[1]);
}

void FiberHost::RefuseSuspendCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  ThrowError(info.GetIsolate(),
             "blockon: this realm cannot suspend: the compatibility flag python_run_sync is not set");
}

}  // namespace blockon
