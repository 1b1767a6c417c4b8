#include "jspi/engine/fiber_host.h"

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

void FiberHost::Dispose() { disposed_ = true; }

void FiberHost::NewCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  if (FiberHost* host = From(info)) info.GetReturnValue().Set(host->table_.New(IntArgument(info, 0) == 1));
}

void FiberHost::LimitCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  if (FiberHost* host = From(info)) info.GetReturnValue().Set(host->table_.limit());
}

void FiberHost::TransitionCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  FiberHost* host = From(info);
  if (!host) return;
  const int id = IntArgument(info, 0);
  const int state = IntArgument(info, 1);
  const bool allowed = state >= 0 && state < kFiberStateCount && host->Transition(id, static_cast<FiberState>(state));
  info.GetReturnValue().Set(allowed ? 1 : 0);
}

void FiberHost::ResumeCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  FiberHost* host = From(info);
  if (!host) return;
  const int id = IntArgument(info, 0);
  const bool allowed = host->Transition(id, FiberState::kResuming) && host->Transition(id, FiberState::kRunning);
  info.GetReturnValue().Set(allowed ? 1 : 0);
}

void FiberHost::RefuseSuspendCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  ThrowError(info.GetIsolate(),
             "blockon: this realm cannot suspend: the compatibility flag python_run_sync is not set");
}

}  // namespace blockon
