#include "jspi/engine/engine.h"

#include <node.h>

#include "jspi/engine/loop_turns.h"
#include "jspi/engine/memory_release.h"
#include "jspi/engine/promise_inspector.h"
#include "jspi/engine/shared_module.h"
#include "jspi/engine/v8_compat.h"
#include "jspi/util/trace.h"

namespace blockon {

bool Engine::Init(v8::Local<v8::Context> realm) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  const v8::Local<v8::Context> node = isolate->GetCurrentContext();
  loop_ = node::GetCurrentEventLoop(isolate);
  v8::Context::Scope scope(realm);
  if (!gate_.Init(realm, options_.run_sync) || !suspension_.Init(realm)) return false;
  sockets_.Init(node, realm, options_.outbound);
  libraries_.Reset(isolate, LibraryFiles(isolate, options_.libraries));
  realm_.Reset(isolate, realm);
  return true;
}

void Engine::AddLibraries(const std::vector<std::string>& libraries) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  AddLibraryFiles(realm_.Get(isolate), libraries_.Get(isolate), libraries);
}

std::string Engine::TrimMemory(GivenUpPages* pages) {
  *pages = {};
  if (checkpoints_.has_one()) return "";
  // Other threads write to the memory, too.
  slices_.Leave();
  const ThreadMeter::Quiet quiet = limits_.KeepFromAsking();
  return snapshots_.Trim(pages);
}

v8::MaybeLocal<v8::Object> Engine::NewImports(int max_fibers, bool preempt_tasks) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  const v8::Local<v8::Context> realm = realm_.Get(isolate);
  v8::Context::Scope scope(realm);
  const v8::Local<v8::Object> imports = v8::Object::New(isolate);
  const auto add = [&](const char* name, v8::FunctionCallback callback, v8::Local<v8::Value> data) {
    SetProperty(realm, imports, name, NewFunction(realm, callback, data));
  };
  const v8::Local<v8::Value> none = v8::Undefined(isolate);
  add("promise_state", PromiseStateCallback, none);
  add("promise_result", PromiseResultCallback, none);
  add("memory_release", MemoryReleaseCallback, none);
  add("fiber_counts", FiberCounter::AddCallback, WrapPointer(isolate, &fibers_, ExternalTag::kFiberCounter));
  add("watch_slices", Slices::WatchCallback, WrapPointer(isolate, &slices_, ExternalTag::kSlices));
  const v8::Local<v8::External> snapshots = WrapPointer(isolate, &snapshots_, ExternalTag::kSnapshots);
  add("snapshot_notes", Snapshots::NotesCallback, snapshots);
  add("snapshot_size", Snapshots::SizeCallback, snapshots);
  add("snapshot_map", Snapshots::MapCallback, snapshots);
  add("snapshot_save", Snapshots::SaveCallback, snapshots);
  const v8::Local<v8::External> images = WrapPointer(isolate, &images_, ExternalTag::kFileImages);
  add("image_size", FileImages::SizeCallback, images);
  add("image_read", FileImages::ReadCallback, images);
  add("image_module", FileImages::ModuleCallback, images);
  const v8::Local<v8::External> checkpoints = WrapPointer(isolate, &checkpoints_, ExternalTag::kCheckpoints);
  add("checkpoint_take", Checkpoints::TakeCallback, checkpoints);
  add("checkpoint_restore", Checkpoints::RestoreCallback, checkpoints);
  if (!options_.wasm.empty()) add("wasm_module", SharedModuleCallback, ToV8(isolate, options_.wasm));
  add("library_module", LibraryModuleCallback, libraries_.Get(isolate));
  add("library_symbols", LibrarySymbolsCallback, none);
  const v8::Local<v8::External> limits = WrapPointer(isolate, &limits_, ExternalTag::kLimits);
  add("watch_limits", Limits::WatchCallback, limits);
  add("heap_max", Limits::HeapMaxCallback, limits);
  add("seal_memories", OwnMemories::SealCallback, WrapPointer(isolate, &memories_, ExternalTag::kOwnMemories));
  add("fiber_limit", NumberCallback, v8::Integer::New(isolate, max_fibers));
  add("switch_seed", NumberCallback, v8::Integer::New(isolate, options_.switch_seed));
  add("preempts_tasks", NumberCallback, v8::Integer::New(isolate, preempt_tasks));
  add("traces_fibers", NumberCallback, v8::Integer::New(isolate, Trace().fibers));
  add("trace_transition", TraceTransitionCallback, none);
  const v8::Local<v8::External> contexts = WrapPointer(isolate, &contexts_, ExternalTag::kAsyncContexts);
  add("context_keep", AsyncContexts::KeepCallback, contexts);
  add("context_enter", AsyncContexts::EnterCallback, contexts);
  add("context_drop", AsyncContexts::DropCallback, contexts);
  const v8::Local<v8::External> tls = tls_.New(isolate);
  add("tls_call", TlsHost::CallCallback, tls);
  add("tls_result", TlsHost::ResultCallback, tls);
  add("tls_step", TlsHost::StepCallback, tls);
  add("can_suspend", NumberCallback, v8::Integer::New(isolate, gate_.open()));
  const v8::Local<v8::External> self = WrapPointer(isolate, this, ExternalTag::kEngine);
  add("stack_budget", StackBudgetCallback, self);
  add("host_turn", HostTurnCallback, self);
  add("new_sockets", SocketHost::NewSockets, WrapPointer(isolate, &sockets_, ExternalTag::kSocketHost));
  SetProperty(realm, imports, "JSTag", gate_.js_tag(isolate));
  SuspensionFunctions functions;
  if (!suspension_.NewFunctions(realm, &functions)) return {};
  SetProperty(realm, imports, "wake", functions.wake);
  if (!gate_.open()) {
    add("suspend", Gate::RefuseSuspendCallback, none);
    add("pass", Gate::RefuseSuspendCallback, none);
    return imports;
  }
  v8::Local<v8::Value> suspend;
  if (!gate_.Suspending(realm, functions.suspend).ToLocal(&suspend)) return {};
  SetProperty(realm, imports, "suspend", suspend);
  v8::Local<v8::Value> pass;
  if (!gate_.Suspending(realm, functions.pass).ToLocal(&pass)) return {};
  SetProperty(realm, imports, "pass", pass);
  return imports;
}

void Engine::StackBudgetCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  const EngineOptions& options = UnwrapPointer<Engine>(info, ExternalTag::kEngine)->options_;
  const bool fiber = info[0]->IsInt32() && info[0].As<v8::Int32>()->Value() == 1;
  info.GetReturnValue().Set(fiber ? options.fiber_stack_budget : options.main_stack_budget);
}

void Engine::HostTurnCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  const Engine* engine = UnwrapPointer<Engine>(info, ExternalTag::kEngine);
  info.GetReturnValue().Set(static_cast<double>(LoopTurns(engine->loop_)));
}

void Engine::NumberCallback(const v8::FunctionCallbackInfo<v8::Value>& info) { info.GetReturnValue().Set(info.Data()); }

void Engine::TraceTransitionCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  // Of the guest's own accord.
  if (!Trace().fibers) return;
  const auto number = [&](int index) { return info[index]->IsInt32() ? info[index].As<v8::Int32>()->Value() : -1; };
  TraceTransition(number(0), static_cast<FiberState>(number(1)), static_cast<FiberState>(number(2)), number(3) == 1);
}

void Engine::Dispose() {
  if (disposed_) return;
  disposed_ = true;
  // First, so that no interrupt that is still to come terminates what is called below.
  limits_.Dispose();
  memories_.Dispose();
  suspension_.Dispose(realm_.Get(v8::Isolate::GetCurrent()));
  fibers_.Dispose();
  slices_.Dispose();
  contexts_.Reset();
  sockets_.Dispose();
  tls_.Dispose();
  gate_.Reset();
  libraries_.Reset();
  realm_.Reset();
}

}  // namespace blockon
