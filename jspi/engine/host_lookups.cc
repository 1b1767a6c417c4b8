#include "jspi/engine/host_lookups.h"

#include <arpa/inet.h>
#include <node.h>

#include <utility>
#include <vector>

#include "jspi/engine/v8_compat.h"

namespace blockon {
namespace {

std::string TextOf(const ResolvedAddress& found) {
  char text[INET6_ADDRSTRLEN] = "";
  const void* bytes = nullptr;
  if (found.family == AF_INET) bytes = &reinterpret_cast<const sockaddr_in*>(&found.address)->sin_addr;
  if (found.family == AF_INET6) bytes = &reinterpret_cast<const sockaddr_in6*>(&found.address)->sin6_addr;
  if (bytes) inet_ntop(found.family, bytes, text, sizeof(text));
  return text;
}

// False with a JavaScript exception pending.
bool Tell(v8::Local<v8::Context> node, v8::Local<v8::Function> callback, int error, const std::string& refusal,
          const std::vector<ResolvedAddress>& addresses) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  std::vector<v8::Local<v8::Value>> texts;
  for (const ResolvedAddress& found : addresses) {
    const std::string text = TextOf(found);
    if (!text.empty()) texts.push_back(ToV8(isolate, text));
  }
  v8::Local<v8::Value> arguments[] = {v8::Integer::New(isolate, error), ToV8(isolate, refusal),
                                      v8::Array::New(isolate, texts.data(), texts.size())};
  return !callback->Call(node, v8::Undefined(isolate), std::size(arguments), arguments).IsEmpty();
}

}  // namespace

HostLookups::HostLookups(uv_loop_t* loop, const OutboundPolicy* policy, FoundNames* names,
                         std::shared_ptr<HandleCount> handles)
    : policy_(policy), names_(names), waker_(loop, std::move(handles), [this] { OnWake(); }), lookups_(policy, names) {}

void HostLookups::LookUp(v8::Local<v8::Context> node, const std::string& host, int family, int flags,
                         v8::Local<v8::Function> callback) {
  std::string refusal;
  Lookup::Question question{.host = host,
                            .family = family == 4   ? AF_INET
                                      : family == 6 ? AF_INET6
                                                    : AF_UNSPEC,
                            .type = SOCK_STREAM,
                            .flags = flags};
  const int number = lookups_.Start(std::move(question), [this] { waker_.Wake(); }, &refusal);
  // What the callback throws is the caller's.
  if (number <= 0) return static_cast<void>(Tell(node, callback, number, refusal, {}));
  if (lookups_.Await(number, 0, static_cast<uint32_t>(number))) {
    return static_cast<void>(TellDone(number, node, callback));
  }
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  askers_[number] = {.node = {isolate, node}, .callback = {isolate, callback}};
  waker_.Hold(true);
}

bool HostLookups::TellDone(int number, v8::Local<v8::Context> node, v8::Local<v8::Function> callback) {
  const Lookup* lookup = lookups_.Done(number);
  lookups_.NoteNames(*lookup);
  const int error = lookup->error();
  const std::vector<ResolvedAddress> addresses = lookup->addresses();
  lookups_.Drop(number);
  return Tell(node, callback, error, "", addresses);
}

void HostLookups::OnWake() {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  const v8::HandleScope handles(isolate);
  for (const uint32_t token : lookups_.TakeDone()) {
    const auto found = askers_.find(static_cast<int>(token));
    if (found == askers_.end()) continue;  // disposed of by one that was told before
    const v8::Local<v8::Context> node = found->second.node.Get(isolate);
    const v8::Local<v8::Function> callback = found->second.callback.Get(isolate);
    askers_.erase(found);
    const v8::Context::Scope scope(node);
    const node::CallbackScope turn(isolate, v8::Object::New(isolate), {0, 0});
    v8::TryCatch caught(isolate);
    caught.SetVerbose(true);
    if (!TellDone(static_cast<int>(token), node, callback) && !caught.CanContinue()) return;
  }
  waker_.Hold(!askers_.empty());
}

std::string HostLookups::Refusal(const AddressBytes& address, uint16_t port) const {
  return policy_->Refusal(address, port, names_->RulesOf(address));
}

void HostLookups::Dispose() {
  lookups_.Clear();
  askers_.clear();
  waker_.Hold(false);
}

}  // namespace blockon
