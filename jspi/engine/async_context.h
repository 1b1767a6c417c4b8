// The asynchronous context of work: what Node's AsyncLocalStorage keeps, which V8 carries along promises by itself.
//
// A fiber's V8 stack may be one that ran other work before (blockonWork in the glue), and V8 would go on in that one's
// context. So the context is kept where work is asked for, and entered where it begins. The value never gets into the realm's
// hands, since it is an object of the host: the realm knows it by a number.
//
// Owner: one Engine, on its isolate's thread.
#ifndef BLOCKON_JSPI_ENGINE_ASYNC_CONTEXT_H_
#define BLOCKON_JSPI_ENGINE_ASYNC_CONTEXT_H_

#include <v8.h>

#include <vector>

namespace blockon {

class AsyncContexts {
 public:
  // () -> i32: keeps the context that is current now, under a number; 0 where there is none.
  static void KeepCallback(const v8::FunctionCallbackInfo<v8::Value>& info);
  // (i32 number): makes the context of that number current and keeps it no longer; 0 is no context. Throws for any other number.
  static void EnterCallback(const v8::FunctionCallbackInfo<v8::Value>& info);
  // (i32 number): keeps it no longer. Throws as EnterCallback does.
  static void DropCallback(const v8::FunctionCallbackInfo<v8::Value>& info);

  void Reset();

 private:
  // Takes what the number stands for; empty, with an error pending, for a number that is not valid.
  v8::Local<v8::Data> Take(v8::Isolate* isolate, v8::Local<v8::Value> number);

  // By number less one; an empty one is free.
  std::vector<v8::Global<v8::Data>> kept_;
  std::vector<uint32_t> free_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_ASYNC_CONTEXT_H_
