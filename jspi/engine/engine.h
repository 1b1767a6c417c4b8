// The engine of one realm: the gate, the fibers' host half, and the functions that the guest imports.
//
// Owner: the environment. Register() hands an object over to Node's cleanup hooks, which delete it on the isolate's
// thread when the environment ends, with fibers still suspended or not. Nothing here outlives its isolate.
#ifndef BLOCKON_JSPI_ENGINE_ENGINE_H_
#define BLOCKON_JSPI_ENGINE_ENGINE_H_

#include <node.h>
#include <v8.h>

#include <memory>
#include <string_view>

#include "jspi/engine/async_context.h"
#include "jspi/engine/fiber_host.h"
#include "jspi/engine/gate.h"
#include "jspi/engine/sockets.h"

namespace blockon {

struct EngineOptions {
  bool run_sync = true;
  int max_fibers = FiberTable::kDefaultLimit;
  // Bytes of C stack that Python may use on the main stack and on a fiber's: what V8's default stack sizes can follow.
  int main_stack_budget = 128 * 1024;
  int fiber_stack_budget = 128 * 1024;
  OutboundPolicy outbound{};
};

class Engine {
 public:
  explicit Engine(const EngineOptions& options) : options_(options), fibers_(options.max_fibers) {}

  // False with a JavaScript exception pending.
  bool Init(v8::Local<v8::Context> realm);

  // The imports of the module "blockon", born in the realm.
  v8::Local<v8::Object> imports(v8::Isolate* isolate) const { return imports_.Get(isolate); }
  v8::Local<v8::Context> realm(v8::Isolate* isolate) const { return realm_.Get(isolate); }
  const FiberHost& fibers() const { return fibers_; }
  const SocketHost& sockets() const { return sockets_; }
  bool disposed() const { return disposed_; }

  void Dispose();

 private:
  // (i32 kind) -> i32: the budget of the main stack (0) or of a fiber's (1), in bytes.
  static void StackBudgetCallback(const v8::FunctionCallbackInfo<v8::Value>& info);
  static void CanSuspendCallback(const v8::FunctionCallbackInfo<v8::Value>& info);

  const EngineOptions options_;
  Gate gate_;
  FiberHost fibers_;
  AsyncContexts contexts_;
  SocketHost sockets_;
  v8::Global<v8::Context> realm_;
  v8::Global<v8::Object> imports_;
  bool disposed_ = false;
};

// Gives an object to the environment of this isolate, to be deleted with it.
template <typename T>
T* Register(v8::Isolate* isolate, std::unique_ptr<T> object) {
  T* raw = object.release();
  node::AddEnvironmentCleanupHook(isolate, [](void* data) { delete static_cast<T*>(data); }, raw);
  return raw;
}

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_ENGINE_H_
