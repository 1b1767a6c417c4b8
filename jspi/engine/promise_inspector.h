// Reading a promise without awaiting it: the engine's peek.
//
// The callbacks are called from wasm (the guest's run_sync), on the isolate's thread, on a fiber's stack. They
// neither run JavaScript nor allocate. A promise of any realm is a promise here. A rejected one is never read
// this way: only a suspension attaches the reaction that marks the rejection as handled.
#ifndef BLOCKON_JSPI_ENGINE_PROMISE_INSPECTOR_H_
#define BLOCKON_JSPI_ENGINE_PROMISE_INSPECTOR_H_

#include <v8.h>

namespace blockon {

// (externref) -> i32: -1 not a native promise, 0 pending, 1 fulfilled, 2 rejected.
void PromiseStateCallback(const v8::FunctionCallbackInfo<v8::Value>& info);

// (externref) -> externref: the value of a fulfilled promise; throws for anything else.
void PromiseResultCallback(const v8::FunctionCallbackInfo<v8::Value>& info);

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_PROMISE_INSPECTOR_H_
