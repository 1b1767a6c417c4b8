#include "jspi/engine/realm_guard.h"

#include <node.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "jspi/engine/bridge_value.h"
#include "jspi/engine/v8_compat.h"

namespace blockon {
namespace {

// Lines about promises in one turn: a Worker can reject as many as it likes.
constexpr size_t kMostTold = 100;
// Of a stack's text, which begins with the error's message.
constexpr int kMostCharacters = 1024 * 1024;

// Whether a line of a stack's text is of the realm's code: its scripts are those of the runtime, by names of their own, and wasm. The token
// does not keep out a frame of the host's that V8 has compiled meanwhile.
bool IsOfRealm(std::string_view line) {
  constexpr std::string_view kAt = "    at ";
  if (!line.starts_with(kAt)) return true;
  std::string_view place = line.substr(kAt.size());
  if (place.ends_with(')')) place.remove_prefix(place.rfind('(') + 1);
  if (place.starts_with("async ")) place.remove_prefix(6);
  constexpr std::string_view kPlaces[] = {"blockon:", "wasm://", "<anonymous>", "native", "index "};
  return std::ranges::any_of(kPlaces, [&](std::string_view start) { return place.starts_with(start); });
}

std::string LinesOfRealm(std::string_view text) {
  std::string lines;
  while (true) {
    const size_t end = text.find('\n');
    if (const std::string_view line = text.substr(0, end); IsOfRealm(line)) {
      if (!lines.empty()) lines += '\n';
      lines += line;
    }
    if (end == std::string_view::npos) return lines;
    text.remove_prefix(end + 1);
  }
}

// V8's callbacks come without data. Of this thread, whose isolate is one.
thread_local std::vector<RealmGuard*> guards;

}  // namespace

RealmGuard::RealmGuard(v8::Local<v8::Context> host, v8::Local<v8::Context> realm, v8::Local<v8::Function> told)
    : isolate_(v8::Isolate::GetCurrent()) {
  host_.Reset(isolate_, host);
  realm_.Reset(isolate_, realm);
  told_.Reset(isolate_, told);
  realm->SetSecurityToken(v8::Symbol::New(isolate_));
  guards.push_back(this);
  isolate_->SetPromiseRejectCallback(OnReject);
  isolate_->SetPrepareStackTraceCallback(StackText);
  isolate_->AddMicrotasksCompletedCallback(OnMicrotasksDone, this);
}

RealmGuard::~RealmGuard() {
  isolate_->RemoveMicrotasksCompletedCallback(OnMicrotasksDone, this);
  std::erase(guards, this);
  if (!guards.empty()) return;
  isolate_->SetPromiseRejectCallback(node::PromiseRejectCallback);
  isolate_->SetPrepareStackTraceCallback(node::PrepareStackTraceCallback);
}

RealmGuard* RealmGuard::Of(v8::MaybeLocal<v8::Context> maybe) {
  v8::Local<v8::Context> context;
  if (!maybe.ToLocal(&context)) return nullptr;
  const auto guard = std::ranges::find_if(guards, [&](const RealmGuard* one) { return one->realm_ == context; });
  return guard == guards.end() ? nullptr : *guard;
}

void RealmGuard::Leave(v8::Local<v8::Context> realm) {
  RealmGuard* guard = Of(realm);
  if (!guard) return;
  guard->realm_.SetWeak();
  guard->told_.Reset();
  guard->host_.Reset();
  guard->rejected_.clear();
  guard->places_.clear();
}

void RealmGuard::OnReject(v8::PromiseRejectMessage message) {
  const v8::Local<v8::Promise> promise = message.GetPromise();
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  // By the map that it was made with: what its prototypes are now changes nothing.
  RealmGuard* guard = Of(promise->GetCreationContext(isolate));
  if (!guard) return node::PromiseRejectCallback(message);
  if (guard->told_.IsEmpty()) return;
  if (message.GetEvent() == v8::kPromiseRejectWithNoHandler) {
    guard->rejected_.push_back(
        {v8::Global<v8::Promise>(isolate, promise), v8::Global<v8::Value>(isolate, message.GetValue())});
    guard->places_.emplace(promise->GetIdentityHash(), std::prev(guard->rejected_.end()));
  } else if (message.GetEvent() == v8::kPromiseHandlerAddedAfterReject) {
    guard->Forget(promise);
  }
}

void RealmGuard::Forget(v8::Local<v8::Promise> promise) {
  const auto [first, last] = places_.equal_range(promise->GetIdentityHash());
  const auto found = std::find_if(first, last, [&](const auto& place) { return place.second->promise == promise; });
  if (found == last) return;
  rejected_.erase(found->second);
  places_.erase(found);
}

v8::MaybeLocal<v8::Value> RealmGuard::StackText(v8::Local<v8::Context> context, v8::Local<v8::Value> error,
                                                v8::Local<v8::Array> sites) {
  if (!Of(context)) return node::PrepareStackTraceCallback(context, error, sites);
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  v8::Local<v8::Value> text;
  // V8 asks no callback while one is asked: it makes the text by itself, of the frames that the error has.
  if (!error->IsObject() || !error.As<v8::Object>()->Get(context, ToV8(isolate, "stack")).ToLocal(&text)) return {};
  if (!text->IsString()) return v8::String::Empty(isolate);
  if (text.As<v8::String>()->Length() > kMostCharacters) return ToV8(isolate, "(a stack whose text is too long)");
  return ToV8(isolate, LinesOfRealm(FromV8(isolate, text.As<v8::String>())));
}

void RealmGuard::OnMicrotasksDone(v8::Isolate*, void* data) {
  auto* guard = static_cast<RealmGuard*>(data);
  if (!guard->rejected_.empty()) guard->Tell();
}

void RealmGuard::Tell() {
  const v8::HandleScope handles(isolate_);
  const v8::Local<v8::Context> host = host_.Get(isolate_);
  const v8::Context::Scope scope(host);
  places_.clear();
  const std::list<Rejected> rejected = std::exchange(rejected_, {});
  const auto tell = [&](const std::string& text) {
    v8::Local<v8::Value> argument = ToV8(isolate_, text);
    v8::TryCatch errors(isolate_);
    errors.SetVerbose(true);
    return !told_.Get(isolate_)->Call(host, v8::Undefined(isolate_), 1, &argument).IsEmpty();
  };
  size_t count = 0;
  for (const Rejected& one : rejected) {
    if (count++ == kMostTold) break;
    if (!tell(DescribeUnseen(one.reason.Get(isolate_)))) return;
  }
  if (rejected.size() > kMostTold) tell("(and " + std::to_string(rejected.size() - kMostTold) + " more)");
}

}  // namespace blockon
