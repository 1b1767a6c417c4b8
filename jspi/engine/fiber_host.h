// The host half of a realm's fibers: their ids and states. What they await is in suspension.js.
//
// The callbacks are called from wasm on the isolate's thread. They run no JavaScript of the realm.
#ifndef BLOCKON_JSPI_ENGINE_FIBER_HOST_H_
#define BLOCKON_JSPI_ENGINE_FIBER_HOST_H_

#include <v8.h>

#include "jspi/util/fiber_table.h"

namespace blockon {

class FiberHost {
 public:
  explicit FiberHost(int limit) : table_(limit) {}

  const FiberTable& table() const { return table_; }

  // After it, every callback throws: the realm is being torn down.
  void Dispose();

  // (i32 beyond limit) -> i32: a fresh id, 0 at the limit unless the argument is 1.
  static void NewCallback(const v8::FunctionCallbackInfo<v8::Value>& info);
  // () -> i32: how many fibers may be live.
  static void LimitCallback(const v8::FunctionCallbackInfo<v8::Value>& info);
  // (i32 id, i32 state) -> i32: 1, or 0 when the transition is illegal.
  static void TransitionCallback(const v8::FunctionCallbackInfo<v8::Value>& info);
  // (i32 id) -> i32: Suspended to Resuming to Running; 1, or 0 when that is refused.
  static void ResumeCallback(const v8::FunctionCallbackInfo<v8::Value>& info);
  // The import `suspend` where the gate is closed: throws, naming the flag.
  static void RefuseSuspendCallback(const v8::FunctionCallbackInfo<v8::Value>& info);

 private:
  // Null, with an error pending, after Dispose().
  static FiberHost* From(const v8::FunctionCallbackInfo<v8::Value>& info);
  bool Transition(int id, FiberState to);

  FiberTable table_;
  bool disposed_ = false;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_FIBER_HOST_H_
