#include "jspi/engine/bridge_value.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "jspi/engine/too_large.h"
#include "jspi/engine/v8_compat.h"

namespace blockon {
namespace {

Crossing NewBytes(v8::Local<v8::Context> to, std::unique_ptr<v8::BackingStore> store, v8::Local<v8::Value>* copy) {
  v8::Context::Scope scope(to);
  const size_t size = store->ByteLength();
  v8::Local<v8::ArrayBuffer> buffer = v8::ArrayBuffer::New(v8::Isolate::GetCurrent(), std::move(store));
  *copy = v8::Uint8Array::New(buffer, 0, size);
  return Crossing::kDone;
}

}  // namespace

Crossing CopyAcross(v8::Local<v8::Context> to, v8::Local<v8::Value> value, v8::Local<v8::Value>* copy) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  if (value->IsNullOrUndefined() || value->IsBoolean() || value->IsNumber() || value->IsBigInt() || value->IsString()) {
    *copy = value;
    return Crossing::kDone;
  }
  if (value->IsArrayBufferView()) {
    const v8::Local<v8::ArrayBufferView> view = value.As<v8::ArrayBufferView>();
    const size_t size = view->ByteLength();
    auto store = NewBytesOrNull(isolate, size);
    if (!store) return Crossing::kNoMemory;
    if (size > 0) view->CopyContents(store->Data(), size);
    return NewBytes(to, std::move(store), copy);
  }
  if (value->IsArrayBuffer()) {
    const auto source = value.As<v8::ArrayBuffer>()->GetBackingStore();
    const size_t size = source->ByteLength();
    auto store = NewBytesOrNull(isolate, size);
    if (!store) return Crossing::kNoMemory;
    if (size > 0) std::copy_n(static_cast<const char*>(source->Data()), size, static_cast<char*>(store->Data()));
    return NewBytes(to, std::move(store), copy);
  }
  return Crossing::kUnfit;
}

std::string DescribeKind(v8::Local<v8::Value> value) {
  if (value->IsFunction()) return "a function";
  if (value->IsPromise()) return "a promise";
  if (value->IsSymbol()) return "a symbol";
  if (value->IsArray()) return "an array";
  return "an object";
}

std::string DescribeUnseen(v8::Local<v8::Value> value) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  // V8's own text for the console, which it makes without looking anything up that could be a getter or a Proxy.
  constexpr std::string_view kPrefix = "Uncaught ";
  const v8::Local<v8::String> whole = v8::Exception::CreateMessage(isolate, value)->Get();
  std::string text = BeginningOf(isolate, whole, kPrefix.size() + kMostErrorText);
  if (text.starts_with(kPrefix)) text.erase(0, kPrefix.size());
  if (text.empty()) text = "an error that has no text";
  return text;
}

std::string DescribeThrown(v8::Local<v8::Context> context, const v8::TryCatch& caught) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  v8::Context::Scope scope(context);
  v8::TryCatch inner(isolate);
  std::string text;
  v8::Local<v8::Value> stack;
  const v8::Local<v8::Value> exception = caught.Exception();
  if (!exception.IsEmpty() && exception->IsNativeError() &&
      exception.As<v8::Object>()->Get(context, ToV8(isolate, "stack")).ToLocal(&stack) && stack->IsString()) {
    text = BeginningOf(isolate, stack.As<v8::String>(), kMostErrorText);
  } else if (!caught.Message().IsEmpty()) {
    text = BeginningOf(isolate, caught.Message()->Get(), kMostErrorText);
  } else {
    text = "an exception that has no text";
  }
  return text;
}

}  // namespace blockon
