#include "jspi/engine/sockets.h"

#include <node.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "jspi/engine/v8_compat.h"
#include "jspi/net/guest_errno.h"

namespace blockon {
namespace {

// An address that was found, as the guest reads it: its struct sockaddr is Linux's.
struct LookupEntry {
  int32_t family;
  int32_t type;
  int32_t protocol;
  uint32_t size;
  uint8_t address[32];
};
static_assert(sizeof(LookupEntry) == 48);

// Addresses whose names are remembered, and lookups that an interpreter has at the same time.
constexpr size_t kMostNames = 4096;
constexpr size_t kMostLookups = 256;
// Names by which one address is remembered.
constexpr size_t kMostNamesOfOne = 16;
// Bytes of what is looked up.
constexpr size_t kLongestHost = 1024;
constexpr size_t kLongestService = 64;

bool IsPlainText(const std::string& text) {
  return std::none_of(text.begin(), text.end(), [](unsigned char c) { return c <= ' ' || c == 0x7f; });
}

int Int(v8::Local<v8::Value> value) { return value->IsInt32() ? value.As<v8::Int32>()->Value() : -1; }
// wasm's i32 is signed.
uint32_t Unsigned(v8::Local<v8::Value> value) {
  return value->IsNumber() ? static_cast<uint32_t>(static_cast<int64_t>(value.As<v8::Number>()->Value())) : 0;
}

void Return(const v8::FunctionCallbackInfo<v8::Value>& info, int64_t result) {
  info.GetReturnValue().Set(static_cast<int32_t>(result));
}
void ReturnErrno(const v8::FunctionCallbackInfo<v8::Value>& info, int host_errno) {
  Return(info, -GuestErrno(host_errno));
}

std::string AddressText(const sockaddr* address, socklen_t size) {
  char host[NI_MAXHOST];
  char port[NI_MAXSERV];
  if (::getnameinfo(address, size, host, sizeof(host), port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return "an unknown address";
  }
  std::string text = address->sa_family == AF_INET6 ? "[" : "";
  text += host;
  text += address->sa_family == AF_INET6 ? "]:" : ":";
  return text + port;
}

uint16_t PortOf(const sockaddr* address) {
  return ntohs(address->sa_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(address)->sin6_port
                                              : reinterpret_cast<const sockaddr_in*>(address)->sin_port);
}

}  // namespace

Sockets::Sockets(SocketHost* host, v8::Isolate* isolate)
    : host_(host), isolate_(isolate), table_(host->loop(), this, host->handles()) {}

Sockets::~Sockets() {
  if (grave_->second_pass_comes) {
    grave_->sockets = nullptr;
  } else {
    delete grave_;
  }
  for (auto& [number, pending] : lookups_) Resolver::Get().Cancel(pending.lookup.get());
  if (!waker_) return;
  waker_->owner = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(&waker_->handle), [](uv_handle_t* handle) {
    auto* waker = static_cast<Waker*>(handle->data);
    waker->handles->Remove();
    delete waker;
  });
}

v8::Local<v8::Object> Sockets::NewFunctions(v8::Local<v8::Context> realm) {
  const v8::Local<v8::External> self = WrapPointer(isolate_, this, ExternalTag::kSockets);
  self_.Reset(isolate_, self);
  self_.SetWeak(
      grave_,
      [](const v8::WeakCallbackInfo<Grave>& first) {
        first.GetParameter()->sockets->self_.Reset();
        first.GetParameter()->second_pass_comes = true;
        first.SetSecondPassCallback([](const v8::WeakCallbackInfo<Grave>& second) {
          const std::unique_ptr<Grave> grave(second.GetParameter());
          if (grave->sockets) grave->sockets->host_->Forget(grave->sockets);
        });
      },
      v8::WeakCallbackType::kParameter);
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
      {"lookup_await", AwaitLookup},
      {"lookup_read", ReadLookup},
      {"lookup_canonical_name", ReadCanonicalName},
      {"lookup_drop", DropLookup},
  };
  for (const auto& [name, callback] : all) SetProperty(realm, functions, name, NewFunction(realm, callback, self));
  return functions;
}

void Sockets::Dispose() {
  disposed_ = true;
  for (auto& [number, pending] : lookups_) Resolver::Get().Cancel(pending.lookup.get());
  lookups_.clear();
  table_.CloseAll();
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
  const size_t begin = Unsigned(start);
  if (begin > buffer->ByteLength() || size > buffer->ByteLength() - begin) return nullptr;
  return static_cast<char*>(buffer->Data()) + begin;
}

void Sockets::Attach(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  if (!info[0]->IsWasmMemoryObject() || !info[1]->IsFunction()) {
    return ThrowTypeError(info.GetIsolate(), "socket_attach needs a WebAssembly.Memory and a function");
  }
  self->memory_.Reset(info.GetIsolate(), info[0].As<v8::WasmMemoryObject>());
  self->listener_.Reset(info.GetIsolate(), info[1].As<v8::Function>());
  self->HoldListener();
}

size_t Sockets::under_way() const {
  return table_.watches() + static_cast<size_t>(std::count_if(lookups_.begin(), lookups_.end(), [](const auto& entry) {
           return entry.second.token != 0;
         }));
}

void Sockets::HoldListener() {
  const bool needed = under_way() > 0;
  if (waker_) {
    auto* handle = reinterpret_cast<uv_handle_t*>(&waker_->handle);
    needed ? uv_ref(handle) : uv_unref(handle);
  }
  if (listener_.IsEmpty()) return;
  if (!needed) {
    listener_.SetWeak();
  } else if (listener_.IsWeak()) {
    listener_.ClearWeak();
  }
}

void Sockets::OnReady(uint32_t token) {
  if (listener_.IsEmpty()) return;
  const v8::HandleScope handles(isolate_);
  const v8::Local<v8::Context> node = host_->node_context(isolate_);
  const v8::Context::Scope scope(node);
  const v8::Local<v8::Function> listener = listener_.Get(isolate_);
  HoldListener();
  const node::CallbackScope callback(isolate_, v8::Object::New(isolate_), {0, 0});
  v8::TryCatch caught(isolate_);
  caught.SetVerbose(true);
  v8::Local<v8::Value> argument = v8::Integer::NewFromUnsigned(isolate_, token);
  v8::Local<v8::Value> result;
  if (!listener->Call(node, v8::Undefined(isolate_), 1, &argument).ToLocal(&result)) return;  // reported by `caught`
}

void Sockets::Open(const Info& info) {
  if (Sockets* self = From(info))
    Return(info, self->table_.Open(Int(info[0]), Int(info[1]), Int(info[2]), Int(info[3])));
}

void Sockets::OpenPair(const Info& info) {
  if (Sockets* self = From(info)) Return(info, self->table_.OpenPair(Int(info[0]), Int(info[1])));
}

void Sockets::Duplicate(const Info& info) {
  if (Sockets* self = From(info)) Return(info, self->table_.Duplicate(Int(info[0]), Int(info[1])));
}

void Sockets::Close(const Info& info) {
  if (Sockets* self = From(info)) Return(info, self->table_.Close(Int(info[0])));
}

std::string Sockets::ConnectRefusal(const sockaddr* address, socklen_t size) const {
  if (host_->policy().allows_all()) return "";
  const auto bytes = BytesOf(address, size);
  if (!bytes) return "it is no address of the internet";
  const auto names = names_.find(*bytes);
  const std::string why = host_->policy().Refusal(*bytes, PortOf(address),
                                                  names == names_.end() ? std::vector<std::string>() : names->second);
  return why.empty() ? "" : "the outbound policy refuses " + AddressText(address, size) + ": " + why;
}

int Sockets::ReadAddress(const Info& info, uint32_t size, sockaddr_storage* address) const {
  const void* from = Span(info.GetIsolate(), info[1], size);
  if (!from) return EFAULT;
  if (size > sizeof(*address)) return EINVAL;
  std::memcpy(address, from, size);
  return 0;
}

void Sockets::Connect(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  const uint32_t size = Unsigned(info[2]);
  sockaddr_storage address{};
  if (const int error = self->ReadAddress(info, size, &address)) return ReturnErrno(info, error);
  if (size < sizeof(sa_family_t)) return ReturnErrno(info, EINVAL);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (!BytesOf(generic, size)) return ReturnErrno(info, EAFNOSUPPORT);
  self->refusal_ = self->ConnectRefusal(generic, size);
  if (!self->refusal_.empty()) return ReturnErrno(info, EPERM);
  Return(info, self->table_.Connect(Int(info[0]), generic, size));
}

void Sockets::Bind(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  const uint32_t size = Unsigned(info[2]);
  sockaddr_storage address{};
  if (const int error = self->ReadAddress(info, size, &address)) return ReturnErrno(info, error);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  // No path of the host, and no port that a service of the host may want.
  if (!BytesOf(generic, size)) return ReturnErrno(info, EAFNOSUPPORT);
  if (PortOf(generic) != 0) return ReturnErrno(info, EACCES);
  Return(info, self->table_.Bind(Int(info[0]), generic, size));
}

void Sockets::Receive(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  const uint32_t size = Unsigned(info[2]);
  void* data = self->Span(info.GetIsolate(), info[1], size);
  if (!data) return ReturnErrno(info, EFAULT);
  Return(info, self->table_.Receive(Int(info[0]), data, size, Int(info[3])));
}

void Sockets::Send(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  const uint32_t size = Unsigned(info[2]);
  const void* data = self->Span(info.GetIsolate(), info[1], size);
  if (!data) return ReturnErrno(info, EFAULT);
  Return(info, self->table_.Send(Int(info[0]), data, size, Int(info[3])));
}

void Sockets::Shutdown(const Info& info) {
  if (Sockets* self = From(info)) Return(info, self->table_.Shutdown(Int(info[0]), Int(info[1])));
}

void Sockets::Name(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  auto* size = static_cast<uint32_t*>(self->Span(info.GetIsolate(), info[3], sizeof(uint32_t)));
  if (!size) return ReturnErrno(info, EFAULT);
  void* to = self->Span(info.GetIsolate(), info[2], *size);
  if (!to) return ReturnErrno(info, EFAULT);
  sockaddr_storage address{};
  socklen_t found = sizeof(address);
  const int fd = Int(info[0]);
  const int error =
      Int(info[1]) == 1 ? self->table_.PeerName(fd, &address, &found) : self->table_.LocalName(fd, &address, &found);
  if (error != 0) return Return(info, error);
  std::memcpy(to, &address, std::min<size_t>(*size, found));
  *size = found;
  Return(info, 0);
}

void Sockets::GetOption(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  auto* size = static_cast<uint32_t*>(self->Span(info.GetIsolate(), info[4], sizeof(uint32_t)));
  if (!size) return ReturnErrno(info, EFAULT);
  socklen_t length = *size;
  void* value = self->Span(info.GetIsolate(), info[3], length);
  if (!value) return ReturnErrno(info, EFAULT);
  const int error = self->table_.GetOption(Int(info[0]), Int(info[1]), Int(info[2]), value, &length);
  if (error == 0) *size = length;
  Return(info, error);
}

void Sockets::SetOption(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  const uint32_t size = Unsigned(info[4]);
  const void* value = self->Span(info.GetIsolate(), info[3], size);
  if (!value) return ReturnErrno(info, EFAULT);
  Return(info, self->table_.SetOption(Int(info[0]), Int(info[1]), Int(info[2]), value, size));
}

void Sockets::Poll(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  const uint32_t count = Unsigned(info[1]);
  if (count > 4 * SocketTable::kLimit) return ReturnErrno(info, EINVAL);
  auto* polls = static_cast<GuestPoll*>(self->Span(info.GetIsolate(), info[0], count * sizeof(GuestPoll)));
  if (!polls) return ReturnErrno(info, EFAULT);
  Return(info, self->table_.Poll(polls, count, std::clamp(Int(info[2]), 0, 1000)));
}

void Sockets::Watch(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  Return(info, self->table_.Watch(Int(info[0]), Int(info[1]), Unsigned(info[2])));
  self->HoldListener();
}

void Sockets::Unwatch(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  const uint32_t token = Unsigned(info[0]);
  self->table_.Unwatch(token);
  for (auto& [number, pending] : self->lookups_) {
    if (pending.token == token) pending.token = 0;
  }
  self->HoldListener();
}

void Sockets::Refusal(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  const size_t size = std::min<size_t>(self->refusal_.size(), Unsigned(info[1]));
  void* text = self->Span(info.GetIsolate(), info[0], size);
  if (!text) return Return(info, 0);
  std::memcpy(text, self->refusal_.data(), size);
  Return(info, static_cast<int64_t>(size));
}

Sockets::Waker* Sockets::GetWaker() {
  if (waker_) return waker_;
  waker_ = new Waker{.handle = {}, .owner = this, .handles = host_->handles()};
  uv_async_init(host_->loop(), &waker_->handle, OnWake);
  waker_->handle.data = waker_;
  waker_->handles->Add();
  return waker_;
}

void Sockets::OnWake(uv_async_t* handle) {
  Sockets* self = static_cast<Waker*>(handle->data)->owner;
  if (!self) return;
  std::vector<uint32_t> tokens;
  for (auto& [number, pending] : self->lookups_) {
    if (pending.token != 0 && pending.lookup->done()) tokens.push_back(std::exchange(pending.token, 0));
  }
  for (const uint32_t token : tokens) self->OnReady(token);
}

Sockets::PendingLookup* Sockets::FindLookup(v8::Local<v8::Value> number) {
  const auto found = lookups_.find(Int(number));
  return found == lookups_.end() ? nullptr : &found->second;
}

void Sockets::NoteNames(const Lookup& lookup) {
  const std::string& host = lookup.question().host;
  if (host_->policy().allows_all() || host.empty() || ParseAddress(host)) return;
  for (const ResolvedAddress& found : lookup.addresses()) {
    const auto bytes = BytesOf(reinterpret_cast<const sockaddr*>(&found.address), found.size);
    if (!bytes) continue;
    if (names_.size() >= kMostNames) names_.clear();
    std::vector<std::string>& names = names_[*bytes];
    if (std::find(names.begin(), names.end(), host) != names.end()) continue;
    if (names.size() >= kMostNamesOfOne) names.erase(names.begin());
    names.push_back(host);
  }
}

void Sockets::StartLookup(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  v8::Isolate* isolate = info.GetIsolate();
  const auto* host = static_cast<const char*>(self->Span(isolate, info[0], Unsigned(info[1])));
  const auto* service = static_cast<const char*>(self->Span(isolate, info[2], Unsigned(info[3])));
  if (!host || !service) return Return(info, EAI_FAIL);
  if (Unsigned(info[1]) > kLongestHost || Unsigned(info[3]) > kLongestService) return Return(info, EAI_NONAME);
  Lookup::Question question{.host = std::string(host, Unsigned(info[1])),
                            .service = std::string(service, Unsigned(info[3])),
                            .family = Int(info[4]),
                            .type = Int(info[5]),
                            .protocol = Int(info[6]),
                            .flags = Int(info[7])};
  self->refusal_.clear();
  // What the resolver would cut off or skip is no part of a name, and must not be of one that a rule is asked about.
  if (!IsPlainText(question.host) || !IsPlainText(question.service)) return Return(info, EAI_NONAME);
  if (!ParseAddress(question.host) && !question.host.empty()) {
    const std::string why = self->host_->policy().NameRefusal(question.host);
    if (!why.empty()) {
      self->refusal_ = "the outbound policy refuses " + question.host + ": " + why;
      return Return(info, EAI_FAIL);
    }
  }
  if (self->lookups_.size() >= kMostLookups) return Return(info, EAI_AGAIN);
  uv_async_t* handle = &self->GetWaker()->handle;
  const int number = self->last_lookup_ = self->last_lookup_ % (1 << 30) + 1;
  self->lookups_[number].lookup = Resolver::Get().Start(std::move(question), [handle] { uv_async_send(handle); });
  self->HoldListener();
  Return(info, number);
}

void Sockets::AwaitLookup(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  PendingLookup* pending = self->FindLookup(info[0]);
  if (!pending) return Return(info, 1);
  pending->token = Unsigned(info[2]);
  const bool done = pending->lookup->Wait(std::clamp(Int(info[1]), 0, 1000));
  if (done) pending->token = 0;
  self->HoldListener();
  Return(info, done ? 1 : 0);
}

void Sockets::ReadLookup(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  const PendingLookup* pending = self->FindLookup(info[0]);
  if (!pending || !pending->lookup->done()) return Return(info, EAI_FAIL);
  const Lookup& lookup = *pending->lookup;
  if (lookup.error() != 0) return Return(info, lookup.error());
  const size_t count = std::min<size_t>(lookup.addresses().size(), Unsigned(info[2]));
  auto* entries = static_cast<LookupEntry*>(self->Span(info.GetIsolate(), info[1], count * sizeof(LookupEntry)));
  if (!entries) return Return(info, EAI_FAIL);
  for (size_t i = 0; i < count; i++) {
    const ResolvedAddress& found = lookup.addresses()[i];
    entries[i] = {
        .family = found.family, .type = found.type, .protocol = found.protocol, .size = found.size, .address = {}};
    std::memcpy(entries[i].address, &found.address, std::min<size_t>(sizeof(entries[i].address), found.size));
  }
  self->NoteNames(lookup);
  Return(info, static_cast<int64_t>(lookup.addresses().size()));
}

void Sockets::ReadCanonicalName(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  const PendingLookup* pending = self->FindLookup(info[0]);
  if (!pending || !pending->lookup->done()) return Return(info, 0);
  const std::string& name = pending->lookup->canonical_name();
  const size_t size = std::min<size_t>(name.size(), Unsigned(info[2]));
  void* text = self->Span(info.GetIsolate(), info[1], size);
  if (!text) return Return(info, 0);
  std::memcpy(text, name.data(), size);
  Return(info, static_cast<int64_t>(name.size()));
}

void Sockets::DropLookup(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  const auto found = self->lookups_.find(Int(info[0]));
  if (found == self->lookups_.end()) return;
  Resolver::Get().Cancel(found->second.lookup.get());
  self->lookups_.erase(found);
  self->HoldListener();
}

void SocketHost::Init(v8::Local<v8::Context> node, v8::Local<v8::Context> realm, OutboundPolicy policy) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  loop_ = node::GetCurrentEventLoop(isolate);
  policy_ = std::move(policy);
  node_context_.Reset(isolate, node);
  realm_.Reset(isolate, realm);
  // What libuv still closes when the environment ends. The engine has closed all by then, or does while this waits.
  auto* handles = new std::shared_ptr<HandleCount>(handles_);
  node::AddEnvironmentCleanupHook(
      isolate,
      [](void* data, void (*done)(void*), void* done_data) {
        const std::unique_ptr<std::shared_ptr<HandleCount>> owned(static_cast<std::shared_ptr<HandleCount>*>(data));
        (*owned)->WhenNone([done, done_data] { done(done_data); });
      },
      handles);
}

void SocketHost::Dispose() {
  disposed_ = true;
  for (const std::unique_ptr<Sockets>& sockets : all_) sockets->Dispose();
  node_context_.Reset();
  realm_.Reset();
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
