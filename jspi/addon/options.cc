#include "jspi/addon/options.h"

#include <cstdint>
#include <utility>

#include "jspi/engine/v8_compat.h"

namespace blockon {

using v8::Context;
using v8::Isolate;
using v8::Local;
using v8::Object;
using v8::Value;

v8::MaybeLocal<Value> GetOption(Local<Context> context, Local<Value> options, const char* name) {
  if (!options->IsObject()) return v8::Undefined(Isolate::GetCurrent()).As<Value>();
  return options.As<Object>()->Get(context, ToV8(Isolate::GetCurrent(), name));
}

bool ReadCount(Local<Value> value, const std::string& what, int* count) {
  if (value->IsUndefined()) return true;
  if (!value->IsInt32() || value.As<v8::Int32>()->Value() < 1) {
    ThrowTypeError(Isolate::GetCurrent(), what + " must be a positive integer");
    return false;
  }
  *count = value.As<v8::Int32>()->Value();
  return true;
}

bool ReadTexts(Local<Context> context, Local<Value> value, const std::string& name, std::vector<std::string>* texts) {
  Isolate* isolate = Isolate::GetCurrent();
  if (value->IsUndefined()) return true;
  if (value->IsArray()) {
    const Local<v8::Array> array = value.As<v8::Array>();
    for (uint32_t i = 0; i < array->Length(); i++) {
      Local<Value> item;
      if (!array->Get(context, i).ToLocal(&item)) return false;
      if (!item->IsString()) break;
      texts->push_back(FromV8(isolate, item.As<v8::String>()));
    }
    if (texts->size() == array->Length()) return true;
  }
  ThrowTypeError(isolate, name + " must be an array of strings");
  return false;
}

bool ReadTextsOption(Local<Context> context, Local<Value> options, const char* name, const std::string& what,
                     std::vector<std::string>* texts) {
  Local<Value> value;
  return GetOption(context, options, name).ToLocal(&value) && ReadTexts(context, value, what + name, texts);
}

bool ReadPolicy(Local<Context> context, Local<Value> rules, OutboundPolicy* policy) {
  std::vector<std::string> allow;
  std::vector<std::string> deny;
  const std::string what = "the outbound policy: ";
  if (!ReadTextsOption(context, rules, "allow", what, &allow) || !ReadTextsOption(context, rules, "deny", what, &deny))
    return false;
  std::string error;
  auto parsed = OutboundPolicy::Parse(allow, deny, &error);
  if (!parsed) {
    ThrowTypeError(Isolate::GetCurrent(), error);
    return false;
  }
  *policy = std::move(*parsed);
  return true;
}

}  // namespace blockon
