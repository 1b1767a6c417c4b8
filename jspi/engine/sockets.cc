#include "jspi/engine/sockets.h"

#include <node.h>

#include <utility>

#include "jspi/engine/environment_end.h"
#include "jspi/engine/guest_call.h"
#include "jspi/engine/realm_end.h"
#include "jspi/engine/v8_compat.h"

namespace blockon {

Sockets::Sockets(SocketHost* host, v8::Isolate* isolate)
    : host_(host),
      isolate_(isolate),
      table_(host->loop(), this, host->handles()),
      lookups_(&host->policy(), host->names()) {}

v8::Local<v8::Object> Sockets::NewFunctions(v8::Local<v8::Context> realm) {
  const v8::Local<v8::External> self = WrapPointer(isolate_, this, ExternalTag::kSockets);
  collected_.Watch(isolate_, self, [this] { host_->Forget(this); });
  const v8::Local<v8::Object> functions = v8::Object::New(isolate_);
  const std::pair<const char*, v8::FunctionCallback> all[] = {
      {"socket_attach", Attach},
      {"socket_open", Open},
      {"socket_open_pair", OpenPair},
      {"socket_duplicate", Duplicate},
      {"socket_close", Close},
      {"socket_connect", Connect},
      {"socket_bind", Bind},
      {"socket_receive", Receive},
      {"socket_send", Send},
      {"socket_shutdown", Shutdown},
      {"socket_name", Name},
      {"socket_get_option", GetOption},
      {"socket_set_option", SetOption},
      {"socket_poll", Poll},
      {"socket_watch", Watch},
      {"socket_unwatch", Unwatch},
      {"socket_refusal", Refusal},
      {"lookup_start", StartLookup},
      {"lookup_start_name", StartNameLookup},
      {"lookup_await", AwaitLookup},
      {"lookup_read", ReadLookup},
      {"lookup_canonical_name", ReadCanonicalName},
      {"lookup_service", ReadService},
      {"lookup_drop", DropLookup},
  };
  for (const auto& [name, callback] : all) SetProperty(realm, functions, name, NewFunction(realm, callback, self));
  return functions;
}

void Sockets::Dispose() {
  disposed_ = true;
  lookups_.Clear();
  table_.CloseAll();
  closed_.clear();
  HoldListener();
  listener_.Reset();
  memory_.Reset();
}

Sockets* Sockets::From(const Info& info) {
  auto* sockets = UnwrapPointer<Sockets>(info, ExternalTag::kSockets);
  if (!sockets->disposed_) return sockets;
  ThrowError(info.GetIsolate(), "blockon: this realm's engine is disposed");
  return nullptr;
}

void* Sockets::Span(v8::Isolate* isolate, v8::Local<v8::Value> start, size_t size) const {
  if (memory_.IsEmpty()) return nullptr;
  const v8::Local<v8::ArrayBuffer> buffer = memory_.Get(isolate)->Buffer();
  const size_t begin = UnsignedOf(start);
  if (begin > buffer->ByteLength() || size > buffer->ByteLength() - begin) return nullptr;
  return static_cast<char*>(buffer->Data()) + begin;
}

void Sockets::Attach(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  // Not one that is shared: others could change it within a call.
  if (!info[0]->IsWasmMemoryObject() || !info[0].As<v8::WasmMemoryObject>()->Buffer()->IsArrayBuffer() ||
      !info[1]->IsFunction()) {
    return ThrowTypeError(info.GetIsolate(),
                          "socket_attach needs a WebAssembly.Memory that is not shared and a function");
  }
  self->memory_.Reset(info.GetIsolate(), info[0].As<v8::WasmMemoryObject>());
  self->listener_.Reset(info.GetIsolate(), info[1].As<v8::Function>());
  self->HoldListener();
}

size_t Sockets::under_way() const { return table_.watches() + closed_.size() + lookups_.awaited(); }

void Sockets::HoldListener() {
  const bool needed = under_way() > 0;
  if (waker_) waker_->Hold(needed);
  if (listener_.IsEmpty()) return;
  if (!needed) {
    listener_.SetWeak();
  } else if (listener_.IsWeak()) {
    listener_.ClearWeak();
  }
}

void Sockets::OnReady(const std::vector<uint32_t>& tokens) {
  if (listener_.IsEmpty()) return HoldListener();
  const v8::HandleScope handles(isolate_);
  // An interpreter's listener refers to the functions, and a forged one need not: what it allocates would end this object.
  if (!collected_.Hold(isolate_)) return;
  const v8::Local<v8::Context> realm = host_->realm(isolate_);
  const v8::Context::Scope scope(host_->node_context(isolate_));
  const v8::Local<v8::Function> listener = listener_.Get(isolate_);
  HoldListener();
  host_->limits().Enter();
  for (const uint32_t token : tokens) {
    const node::CallbackScope callback(isolate_, v8::Object::New(isolate_), {0, 0});
    v8::TryCatch caught(isolate_);
    caught.SetVerbose(true);
    v8::Local<v8::Value> argument = v8::Integer::NewFromUnsigned(isolate_, token);
    // In the realm: the listener is the guest's, and were it a Proxy, its trap would get an array of the context of whoever calls.
    // What it throws is reported by `caught`.
    const bool is_done = !listener->Call(realm, v8::Undefined(isolate_), 1, &argument).IsEmpty();
    if (!RealmEnd::Resume(isolate_) && !is_done && !caught.CanContinue()) return;
    if (disposed_) return;
  }
}

void Sockets::OnClosed(const std::vector<uint32_t>& tokens) {
  closed_.insert(closed_.end(), tokens.begin(), tokens.end());
  GetWaker()->Wake();
  HoldListener();
}

LoopWaker* Sockets::GetWaker() {
  if (!waker_) waker_ = std::make_unique<LoopWaker>(host_->loop(), host_->handles(), [this] { OnWake(); });
  return waker_.get();
}

void Sockets::OnWake() {
  std::vector<uint32_t> tokens = std::exchange(closed_, {});
  const std::vector<uint32_t> done = lookups_.TakeDone();
  tokens.insert(tokens.end(), done.begin(), done.end());
  if (!tokens.empty()) OnReady(tokens);
}

void SocketHost::Init(v8::Local<v8::Context> node, v8::Local<v8::Context> realm, OutboundPolicy policy) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  loop_ = node::GetCurrentEventLoop(isolate);
  policy_ = std::move(policy);
  node_context_.Reset(isolate, node);
  realm_.Reset(isolate, realm);
  // What libuv still closes when the environment ends. The engine has closed all by then, or does while this waits.
  EndAfterHandles(isolate, handles_);
}

void SocketHost::Dispose() {
  disposed_ = true;
  for (const std::unique_ptr<Sockets>& sockets : all_) sockets->Dispose();
  if (lookups_) lookups_->Dispose();
  node_context_.Reset();
  realm_.Reset();
}

HostLookups* SocketHost::lookups() {
  if (!lookups_) lookups_ = std::make_unique<HostLookups>(loop_, &policy_, &names_, handles_);
  return lookups_.get();
}

void SocketHost::Forget(Sockets* sockets) {
  all_.remove_if([sockets](const std::unique_ptr<Sockets>& one) { return one.get() == sockets; });
}

size_t SocketHost::under_way() const {
  size_t all = 0;
  for (const std::unique_ptr<Sockets>& sockets : all_) all += sockets->under_way();
  return all;
}

void SocketHost::NewSockets(const v8::FunctionCallbackInfo<v8::Value>& info) {
  auto* host = UnwrapPointer<SocketHost>(info, ExternalTag::kSocketHost);
  v8::Isolate* isolate = info.GetIsolate();
  if (host->disposed_) return ThrowError(isolate, "blockon: this realm's engine is disposed");
  host->all_.push_back(std::make_unique<Sockets>(host, isolate));
  info.GetReturnValue().Set(host->all_.back()->NewFunctions(host->realm_.Get(isolate)));
}

}  // namespace blockon
