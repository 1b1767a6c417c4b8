#include "jspi/addon/malloc_arenas.h"

#include <malloc.h>

#include "jspi/engine/v8_compat.h"

namespace blockon {

void LimitArenas(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  if (!info[0]->IsInt32() || info[0].As<v8::Int32>()->Value() < 1) {
    return ThrowTypeError(isolate, "limitArenas needs a positive integer");
  }
#ifdef M_ARENA_MAX
  mallopt(M_ARENA_MAX, info[0].As<v8::Int32>()->Value());
#endif
}

}  // namespace blockon
