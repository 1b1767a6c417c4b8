#include "jspi/engine/promise_inspector.h"

#include "jspi/engine/v8_compat.h"

namespace blockon {

static_assert(v8::Promise::kPending == 0 && v8::Promise::kFulfilled == 1 && v8::Promise::kRejected == 2);

void PromiseStateCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  const v8::Local<v8::Value> value = info[0];
  const int state = value->IsPromise() ? static_cast<int>(value.As<v8::Promise>()->State()) : -1;
  info.GetReturnValue().Set(state);
}

void PromiseResultCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  const v8::Local<v8::Value> value = info[0];
  if (!value->IsPromise() || value.As<v8::Promise>()->State() != v8::Promise::kFulfilled) {
    ThrowError(info.GetIsolate(), "blockon: promise_result of what is no fulfilled promise");
    return;
  }
  info.GetReturnValue().Set(value.As<v8::Promise>()->Result());
}

}  // namespace blockon
