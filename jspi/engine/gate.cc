#include "jspi/engine/gate.h"

#include "jspi/engine/v8_compat.h"

namespace blockon {

bool Gate::Init(v8::Local<v8::Context> context, bool open) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  open_ = open;
  v8::Local<v8::Value> wasm_value;
  if (!context->Global()->Get(context, ToV8(isolate, "WebAssembly")).ToLocal(&wasm_value)) return false;
  if (!wasm_value->IsObject()) {
    ThrowError(isolate, "this realm has no WebAssembly object");
    return false;
  }
  const v8::Local<v8::Object> wasm = wasm_value.As<v8::Object>();
  v8::Local<v8::Value> tag, suspending, promising;
  if (!wasm->Get(context, ToV8(isolate, "JSTag")).ToLocal(&tag) ||
      !wasm->Get(context, ToV8(isolate, "Suspending")).ToLocal(&suspending) ||
      !wasm->Get(context, ToV8(isolate, "promising")).ToLocal(&promising)) {
    return false;
  }
  if (!tag->IsObject() || !suspending->IsFunction() || !promising->IsFunction()) {
    ThrowError(isolate,
               "this realm's WebAssembly lacks JSTag, Suspending or promising: V8 without stack switching, or a "
               "realm whose gate was closed before");
    return false;
  }
  js_tag_.Reset(isolate, tag);
  suspending_.Reset(isolate, suspending.As<v8::Function>());
  if (open_) return true;
  for (const char* name : {"Suspending", "promising"}) {
    if (!wasm->Delete(context, ToV8(isolate, name)).FromMaybe(false)) {
      ThrowError(isolate, "the gate cannot be closed: WebAssembly.Suspending or promising cannot be deleted");
      return false;
    }
  }
  suspending_.Reset();
  return true;
}

v8::MaybeLocal<v8::Value> Gate::Suspending(v8::Local<v8::Context> context, v8::Local<v8::Function> function) const {
  v8::Local<v8::Value> arguments[] = {function};
  v8::Local<v8::Object> suspending;
  if (!suspending_.Get(v8::Isolate::GetCurrent())->NewInstance(context, 1, arguments).ToLocal(&suspending)) {
    return {};
  }
  return suspending;
}

void Gate::RefuseSuspendCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  ThrowError(info.GetIsolate(),
             "blockon: this realm cannot suspend: the compatibility flag python_run_sync is not set");
}

void Gate::Reset() {
  js_tag_.Reset();
  suspending_.Reset();
}

}  // namespace blockon
