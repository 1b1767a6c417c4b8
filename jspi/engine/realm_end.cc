#include "jspi/engine/realm_end.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace blockon {
namespace {

// Of this thread.
thread_local std::vector<RealmEnd*> ends;
// A realm of it is being terminated.
thread_local bool terminates = false;

}  // namespace

RealmEnd::RealmEnd(v8::Local<v8::Context> realm, uint32_t meter)
    : isolate_(v8::Isolate::GetCurrent()), meter_(meter), realm_(isolate_, realm) {
  ends.push_back(this);
  isolate_->AddMicrotasksCompletedCallback(OnMicrotasksDone, this);
}

RealmEnd::~RealmEnd() {
  isolate_->RemoveMicrotasksCompletedCallback(OnMicrotasksDone, this);
  std::erase(ends, this);
  Resume(isolate_);
}

void RealmEnd::OnMicrotasksDone(v8::Isolate* isolate, void*) { Resume(isolate); }

void RealmEnd::Request(v8::Isolate* isolate, uint32_t meter) {
  isolate->RequestInterrupt(OnInterrupt, reinterpret_cast<void*>(static_cast<uintptr_t>(meter)));
}

void RealmEnd::OnInterrupt(v8::Isolate* isolate, void* meter) {
  const v8::HandleScope handles(isolate);
  const auto id = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(meter));
  // It may have ended since.
  const auto found = std::ranges::find_if(ends, [id](const RealmEnd* end) { return end->meter_ == id; });
  if (found == ends.end() || !isolate->InContext() || (*found)->realm_ != isolate->GetCurrentContext()) return;
  terminates = true;
  isolate->TerminateExecution();
}

bool RealmEnd::IsUnderWay() { return terminates; }

bool RealmEnd::Resume(v8::Isolate* isolate) {
  if (!std::exchange(terminates, false)) return false;
  isolate->CancelTerminateExecution();
  return true;
}

}  // namespace blockon
