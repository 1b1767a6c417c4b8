#include "jspi/engine/suspension.h"

#include "jspi/engine/suspension_js.h"
#include "jspi/engine/v8_compat.h"

namespace blockon {
namespace {

bool GetFunction(v8::Local<v8::Context> realm, v8::Local<v8::Value> object, std::string_view name,
                 v8::Local<v8::Function>* function) {
  v8::Local<v8::Value> value;
  if (!object.As<v8::Object>()->Get(realm, ToV8(v8::Isolate::GetCurrent(), name)).ToLocal(&value)) return false;
  *function = value.As<v8::Function>();
  return true;
}

}  // namespace

bool Suspension::Init(v8::Local<v8::Context> realm) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  v8::ScriptOrigin origin(ToV8(isolate, "blockon:suspension.js"));
  v8::ScriptCompiler::Source source(ToV8(isolate, kSuspensionJs), origin);
  v8::Local<v8::Script> script;
  v8::Local<v8::Value> made;
  v8::Local<v8::Function> new_functions, dispose;
  if (!v8::ScriptCompiler::Compile(realm, &source).ToLocal(&script) || !script->Run(realm).ToLocal(&made) ||
      !GetFunction(realm, made, "newFunctions", &new_functions) || !GetFunction(realm, made, "dispose", &dispose)) {
    return false;
  }
  new_functions_.Reset(isolate, new_functions);
  dispose_.Reset(isolate, dispose);
  return true;
}

bool Suspension::NewFunctions(v8::Local<v8::Context> realm, SuspensionFunctions* functions) const {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  v8::Local<v8::Value> made;
  return new_functions_.Get(isolate)->Call(realm, v8::Undefined(isolate), 0, nullptr).ToLocal(&made) &&
         GetFunction(realm, made, "suspend", &functions->suspend) &&
         GetFunction(realm, made, "wake", &functions->wake) && GetFunction(realm, made, "pass", &functions->pass);
}

void Suspension::Dispose(v8::Local<v8::Context> realm) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  static_cast<void>(dispose_.Get(isolate)->Call(realm, v8::Undefined(isolate), 0, nullptr).IsEmpty());
  new_functions_.Reset();
  dispose_.Reset();
}

}  // namespace blockon
