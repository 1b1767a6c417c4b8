// The engine of one realm: the gate, and the functions that the guest imports, for each interpreter of the realm.
//
// Owner: the environment. Register() hands an object over to Node's cleanup hooks, which delete it on the isolate's
// thread when the environment ends, with fibers still suspended or not. Nothing here outlives its isolate.
#ifndef BLOCKON_JSPI_ENGINE_ENGINE_H_
#define BLOCKON_JSPI_ENGINE_ENGINE_H_

#include <uv.h>
#include <v8.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "jspi/engine/async_context.h"
#include "jspi/engine/checkpoints.h"
#include "jspi/engine/fiber_counter.h"
#include "jspi/engine/file_images.h"
#include "jspi/engine/gate.h"
#include "jspi/engine/limits.h"
#include "jspi/engine/own_memories.h"
#include "jspi/engine/slices.h"
#include "jspi/engine/snapshots.h"
#include "jspi/engine/sockets.h"
#include "jspi/engine/suspension.h"
#include "jspi/engine/tls/tls_host.h"

namespace blockon {

// Live fibers of an interpreter at most, if it has no limit of its own.
constexpr int kDefaultMaxFibers = 20000;

struct EngineOptions {
  bool run_sync = true;
  // With which threads are switched at random (jspi/guest/random_switches.h); < 0 for none.
  int switch_seed = -1;
  // Bytes of C stack that Python may use on the main stack and on a fiber's: what V8's default stack sizes can follow.
  int main_stack_budget = 128 * 1024;
  int fiber_stack_budget = 128 * 1024;
  // Bytes of an interpreter's memory without the stacks of its fibers; 0 for all that there can be.
  uint64_t heap_bytes = 0;
  OutboundPolicy outbound{};
  SnapshotOptions snapshot{};
  FileImageList images{};
  // The file of the interpreters' wasm, for those that take it from here; empty for none.
  std::string wasm{};
  // Of side modules, their names in the interpreter's file system and their files by turns.
  std::vector<std::string> libraries{};
};

class Engine {
 public:
  explicit Engine(const EngineOptions& options)
      : options_(options),
        limits_(options.heap_bytes, &fibers_),
        snapshots_(options.snapshot, &slices_, &limits_),
        images_(options.images) {}

  // False with a JavaScript exception pending.
  bool Init(v8::Local<v8::Context> realm);

  // The imports of the module "blockon" for one interpreter, born in the realm, which keep what is that interpreter's: the
  // engine holds nothing of it. Empty with a JavaScript exception pending.
  v8::MaybeLocal<v8::Object> NewImports(int max_fibers = kDefaultMaxFibers, bool preempt_tasks = false);
  v8::Local<v8::Context> realm(v8::Isolate* isolate) const { return realm_.Get(isolate); }
  const FiberCounter& fibers() const { return fibers_; }
  const SocketHost& sockets() const { return sockets_; }
  SocketHost& sockets() { return sockets_; }
  TlsHosts& tls() { return tls_; }
  Limits& limits() { return limits_; }
  FileImages& images() { return images_; }
  Snapshots& snapshots() { return snapshots_; }
  // Side modules that its interpreters find from now on: names and files by turns.
  void AddLibraries(const std::vector<std::string>& libraries);
  // Gives up what an interpreter that began with a snapshot has of its own in its memory, where that is what the snapshot holds: for one that
  // has nothing to do. Not one that is reset, which gives that up by itself. "" or why not.
  std::string TrimMemory(GivenUpPages* pages);
  bool disposed() const { return disposed_; }

  void Dispose();

 private:
  // (i32 kind) -> i32: the budget of the main stack (0) or of a fiber's (1), in bytes.
  static void StackBudgetCallback(const v8::FunctionCallbackInfo<v8::Value>& info);
  // () -> number: that of the turn of the thread's event loop in which it is called.
  static void HostTurnCallback(const v8::FunctionCallbackInfo<v8::Value>& info);
  // () -> i32: the number that is the function's own.
  static void NumberCallback(const v8::FunctionCallbackInfo<v8::Value>& info);
  // (i32 id, i32 from, i32 to, i32 allowed): a line for BLOCKON_TRACE=fibers.
  static void TraceTransitionCallback(const v8::FunctionCallbackInfo<v8::Value>& info);

  const EngineOptions options_;
  // Which the engine does not outlive.
  uv_loop_t* loop_ = nullptr;
  Gate gate_;
  FiberCounter fibers_;
  Limits limits_;
  OwnMemories memories_;
  Slices slices_;
  Snapshots snapshots_;
  FileImages images_;
  Checkpoints checkpoints_{&slices_, &limits_};
  Suspension suspension_;
  AsyncContexts contexts_;
  SocketHost sockets_{&limits_};
  TlsHosts tls_;
  v8::Global<v8::Object> libraries_;
  v8::Global<v8::Context> realm_;
  bool disposed_ = false;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_ENGINE_H_
