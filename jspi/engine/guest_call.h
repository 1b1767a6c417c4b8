// Arguments and results of the functions that the guest imports: i32, which JavaScript has as numbers.
#ifndef BLOCKON_JSPI_ENGINE_GUEST_CALL_H_
#define BLOCKON_JSPI_ENGINE_GUEST_CALL_H_

#include <v8.h>

#include <cstdint>

#include "jspi/net/guest_errno.h"

namespace blockon {

inline int IntOf(v8::Local<v8::Value> value) { return value->IsInt32() ? value.As<v8::Int32>()->Value() : -1; }

// wasm's i32 is signed. What is no such number is 0: a guest can call by JavaScript, too.
inline uint32_t UnsignedOf(v8::Local<v8::Value> value) {
  if (value->IsInt32()) return static_cast<uint32_t>(value.As<v8::Int32>()->Value());
  return value->IsUint32() ? value.As<v8::Uint32>()->Value() : 0;
}

inline void Return(const v8::FunctionCallbackInfo<v8::Value>& info, int64_t result) {
  info.GetReturnValue().Set(static_cast<int32_t>(result));
}

inline void ReturnErrno(const v8::FunctionCallbackInfo<v8::Value>& info, int host_errno) {
  Return(info, -GuestErrno(host_errno));
}

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_GUEST_CALL_H_
