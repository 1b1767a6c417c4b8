#include "jspi/engine/suspension.h"

#include "jspi/engine/suspension_js.h"
#include "jspi/engine/v8_compat.h"

namespace blockon {
namespace {

bool GetFunction(v8::Local<v8::Context> realm, v8::Local<v8::Object> object, std::string_view name,
                 v8::Local<v8::Function>* function) {
  v8::Local<v8::Value> value;
  if (!object->Get(realm, ToV8(v8::Isolate::GetCurrent(), name)).ToLocal(&value)) return false;
  *function = value.As<v8::Function>();
  return true;
}

}  // namespace

bool MakeSuspension(v8::Local<v8::Context> realm, Suspension* made) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  v8::ScriptOrigin origin(ToV8(isolate, "blockon:suspension.js"));
  v8::ScriptCompiler::Source source(ToV8(isolate, kSuspensionJs), origin);
  v8::Local<v8::Script> script;
  v8::Local<v8::Value> functions;
  if (!v8::ScriptCompiler::Compile(realm, &source).ToLocal(&script) || !script->Run(realm).ToLocal(&functions)) {
    return false;
  }
  return GetFunction(realm, functions.As<v8::Object>(), "suspend", &made->suspend) &&
         GetFunction(realm, functions.As<v8::Object>(), "wake", &made->wake);
}

}  // namespace blockon
