#include "jspi/engine/engine.h"

#include "jspi/engine/memory_release.h"
#include "jspi/engine/promise_inspector.h"
#include "jspi/engine/suspension.h"
#include "jspi/engine/v8_compat.h"

namespace blockon {

bool Engine::Init(v8::Local<v8::Context> realm) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  const v8::Local<v8::Context> node = isolate->GetCurrentContext();
  v8::Context::Scope scope(realm);
  if (!gate_.Init(realm, options_.run_sync)) return false;

  const v8::Local<v8::External> host = WrapPointer(isolate, &fibers_, ExternalTag::kFiberHost);
  const v8::Local<v8::Object> imports = v8::Object::New(isolate);
  const auto add = [&](const char* name, v8::FunctionCallback callback) {
    SetProperty(realm, imports, name, NewFunction(realm, callback, host));
  };
  add("promise_state", PromiseStateCallback);
  add("promise_result", PromiseResultCallback);
  add("memory_release", MemoryReleaseCallback);
  add("fiber_new", FiberHost::NewCallback);
  add("fiber_limit", FiberHost::LimitCallback);
  add("fiber_transition", FiberHost::TransitionCallback);
  add("fiber_resume", FiberHost::ResumeCallback);
  const v8::Local<v8::External> contexts = WrapPointer(isolate, &contexts_, ExternalTag::kAsyncContexts);
  SetProperty(realm, imports, "context_keep", NewFunction(realm, AsyncContexts::KeepCallback, contexts));
  SetProperty(realm, imports, "context_enter", NewFunction(realm, AsyncContexts::EnterCallback, contexts));
  SetProperty(realm, imports, "context_drop", NewFunction(realm, AsyncContexts::DropCallback, contexts));
  SetProperty(realm, imports, "can_suspend",
              NewFunction(realm, CanSuspendCallback, v8::Boolean::New(isolate, gate_.open())));
  SetProperty(realm, imports, "stack_budget",
              NewFunction(realm, StackBudgetCallback, WrapPointer(isolate, this, ExternalTag::kEngine)));
  sockets_.Init(node, realm, options_.outbound);
  SetProperty(realm, imports, "new_sockets",
              NewFunction(realm, SocketHost::NewSockets, WrapPointer(isolate, &sockets_, ExternalTag::kSocketHost)));
  SetProperty(realm, imports, "JSTag", gate_.js_tag(isolate));
  Suspension functions;
  if (!MakeSuspension(realm, &functions)) return false;
  SetProperty(realm, imports, "wake", functions.wake);
  if (gate_.open()) {
    v8::Local<v8::Value> suspend;
    if (!gate_.Suspending(realm, functions.suspend).ToLocal(&suspend)) return false;
    SetProperty(realm, imports, "suspend", suspend);
  } else {
    add("suspend", FiberHost::RefuseSuspendCallback);
  }
  realm_.Reset(isolate, realm);
  imports_.Reset(isolate, imports);
  return true;
}

void Engine::StackBudgetCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  const EngineOptions& options = UnwrapPointer<Engine>(info, ExternalTag::kEngine)->options_;
  const bool fiber = info[0]->IsInt32() && info[0].As<v8::Int32>()->Value() == 1;
  info.GetReturnValue().Set(fiber ? options.fiber_stack_budget : options.main_stack_budget);
}

void Engine::CanSuspendCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  info.GetReturnValue().Set(info.Data()->IsTrue() ? 1 : 0);
}

void Engine::Dispose() {
  disposed_ = true;
  fibers_.Dispose();
  contexts_.Reset();
  sockets_.Dispose();
  gate_.Reset();
  imports_.Reset();
  realm_.Reset();
}

}  // namespace blockon
