#include "jspi/engine/async_context.h"

#include "jspi/engine/v8_compat.h"

namespace blockon {
namespace {

AsyncContexts* From(const v8::FunctionCallbackInfo<v8::Value>& info) {
  return UnwrapPointer<AsyncContexts>(info, ExternalTag::kAsyncContexts);
}

bool IsNone(v8::Local<v8::Data> context) { return context->IsValue() && context.As<v8::Value>()->IsUndefined(); }

}  // namespace

void AsyncContexts::KeepCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const v8::Local<v8::Data> current = isolate->GetContinuationPreservedEmbedderDataV2();
  if (IsNone(current)) return info.GetReturnValue().Set(0);
  AsyncContexts* contexts = From(info);
  if (contexts->free_.empty()) {
    contexts->free_.push_back(static_cast<uint32_t>(contexts->kept_.size()));
    contexts->kept_.emplace_back();
  }
  const uint32_t index = contexts->free_.back();
  contexts->free_.pop_back();
  contexts->kept_[index].Reset(isolate, current);
  info.GetReturnValue().Set(index + 1);
}

void AsyncContexts::EnterCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const v8::Local<v8::Value> number = info[0];
  if (number->IsUint32() && number.As<v8::Uint32>()->Value() == 0) {
    if (IsNone(isolate->GetContinuationPreservedEmbedderDataV2())) return;
    return isolate->SetContinuationPreservedEmbedderDataV2(v8::Undefined(isolate));
  }
  AsyncContexts* contexts = From(info);
  const size_t index = number->IsUint32() ? number.As<v8::Uint32>()->Value() - size_t{1} : SIZE_MAX;
  if (index >= contexts->kept_.size() || contexts->kept_[index].IsEmpty()) {
    return ThrowError(isolate, "blockon: context_enter of a number that context_keep did not give");
  }
  isolate->SetContinuationPreservedEmbedderDataV2(contexts->kept_[index].Get(isolate));
  contexts->kept_[index].Reset();
  contexts->free_.push_back(static_cast<uint32_t>(index));
}

void AsyncContexts::Reset() {
  kept_.clear();
  free_.clear();
}

}  // namespace blockon
