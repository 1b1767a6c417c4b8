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

v8::Local<v8::Data> AsyncContexts::Take(v8::Isolate* isolate, v8::Local<v8::Value> number) {
  if (number->IsUint32() && number.As<v8::Uint32>()->Value() == 0) return v8::Undefined(isolate);
  const size_t index = number->IsUint32() ? number.As<v8::Uint32>()->Value() - size_t{1} : SIZE_MAX;
  if (index >= kept_.size() || kept_[index].IsEmpty()) {
    ThrowError(isolate, "blockon: this is no number of an asynchronous context that is kept");
    return {};
  }
  const v8::Local<v8::Data> context = kept_[index].Get(isolate);
  kept_[index].Reset();
  free_.push_back(static_cast<uint32_t>(index));
  return context;
}

void AsyncContexts::EnterCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const v8::Local<v8::Data> context = From(info)->Take(isolate, info[0]);
  if (context.IsEmpty()) return;
  if (IsNone(context) && IsNone(isolate->GetContinuationPreservedEmbedderDataV2())) return;
  isolate->SetContinuationPreservedEmbedderDataV2(context);
}

void AsyncContexts::DropCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  From(info)->Take(info.GetIsolate(), info[0]);
}

void AsyncContexts::Reset() {
  kept_.clear();
  free_.clear();
}

}  // namespace blockon
