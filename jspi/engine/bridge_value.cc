#include "jspi/engine/bridge_value.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "jspi/engine/v8_compat.h"

namespace blockon {
namespace {

constexpr size_t kMaxText = 64 * 1024;

v8::Local<v8::Value> NewBytes(v8::Local<v8::Context> to, std::unique_ptr<v8::BackingStore> store) {
  v8::Context::Scope scope(to);
  const size_t size = store->ByteLength();
  v8::Local<v8::ArrayBuffer> buffer = v8::ArrayBuffer::New(v8::Isolate::GetCurrent(), std::move(store));
  return v8::Uint8Array::New(buffer, 0, size);
}

}  // namespace

bool CopyAcross(v8::Local<v8::Context> to, v8::Local<v8::Value> value, v8::Local<v8::Value>* copy) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  if (value->IsNullOrUndefined() || value->IsBoolean() || value->IsNumber() || value->IsBigInt() || value->IsString()) {
    *copy = value;
    return true;
  }
  if (value->IsArrayBufferView()) {
    const v8::Local<v8::ArrayBufferView> view = value.As<v8::ArrayBufferView>();
    const size_t size = view->ByteLength();
    auto store = v8::ArrayBuffer::NewBackingStore(isolate, size);
    if (size > 0) view->CopyContents(store->Data(), size);
    *copy = NewBytes(to, std::move(store));
    return true;
  }
  if (value->IsArrayBuffer()) {
    const auto source = value.As<v8::ArrayBuffer>()->GetBackingStore();
    const size_t size = source->ByteLength();
    auto store = v8::ArrayBuffer::NewBackingStore(isolate, size);
    if (size > 0) std::copy_n(static_cast<const char*>(source->Data()), size, static_cast<char*>(store->Data()));
    *copy = NewBytes(to, std::move(store));
    return true;
  }
  return false;
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
  std::string text = FromV8(isolate, v8::Exception::CreateMessage(isolate, value)->Get());
  constexpr std::string_view kPrefix = "Uncaught ";
  if (text.starts_with(kPrefix)) text.erase(0, kPrefix.size());
  if (text.empty()) text = "an error that has no text";
  if (text.size() > kMaxText) text.resize(kMaxText);
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
    text = FromV8(isolate, stack.As<v8::String>());
  } else if (!caught.Message().IsEmpty()) {
    text = FromV8(isolate, caught.Message()->Get());
  } else {
    text = "an exception that has no text";
  }
  if (text.size() > kMaxText) text.resize(kMaxText);
  return text;
}

}  // namespace blockon
