#include "jspi/addon/v8_flag.h"

#include <string>

#include "jspi/engine/v8_compat.h"

namespace blockon {

void SetV8Flag(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  if (!info[0]->IsString()) return ThrowTypeError(isolate, "setV8Flag needs a flag");
  const std::string flag = FromV8(isolate, info[0].As<v8::String>());
  v8::V8::SetFlagsFromString(flag.c_str(), flag.size());
}

}  // namespace blockon
