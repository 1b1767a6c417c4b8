// The fixture of the engine's tests: they run inside Node, in a live isolate, called from an empty stack.
//
// One isolate serves all tests of a process; each test makes realms of its own, as the runtime does (node:vm), and
// leaves Node's own realm to stand for the host. Nothing turns the event loop: microtasks run when a test drains them.
#ifndef BLOCKON_CTESTS_ENGINE_ENGINE_TEST_H_
#define BLOCKON_CTESTS_ENGINE_ENGINE_TEST_H_

#include <gtest/gtest.h>
#include <v8.h>

#include <string>
#include <string_view>

#include "jspi/engine/bridge.h"
#include "jspi/engine/engine.h"
#include "jspi/engine/environment_end.h"

namespace blockon {

class EngineTest : public testing::Test {
 protected:
  EngineTest();
  ~EngineTest() override;

  // A realm with the language and WebAssembly, and nothing of Node.
  v8::Local<v8::Context> NewRealm();

  // An engine of the realm, which has its imports as the global `engine`. It lives as long as the environment.
  Engine* NewEngine(v8::Local<v8::Context> realm, const EngineOptions& options = {});
  // The imports of another interpreter of its realm as the global `name`.
  void NewInterpreter(Engine* engine, std::string_view name, int max_fibers = kDefaultMaxFibers);

  // What the script's last expression is. A failure of the test, and undefined, when it throws.
  v8::Local<v8::Value> Eval(v8::Local<v8::Context> realm, std::string_view source);
  int EvalInt(v8::Local<v8::Context> realm, std::string_view source);
  bool EvalTrue(v8::Local<v8::Context> realm, std::string_view source);
  // As String() has it.
  std::string EvalText(v8::Local<v8::Context> realm, std::string_view source);
  // What the script throws, as String() has it; "" when it throws nothing.
  std::string EvalError(v8::Local<v8::Context> realm, std::string_view source);

  void SetGlobal(v8::Local<v8::Context> realm, std::string_view name, v8::Local<v8::Value> value);

  // Runs all microtasks: reactions, and the stacks that they resume.
  void Drain() { isolate_->PerformMicrotaskCheckpoint(); }
  void CollectGarbage();

  // The realm's WebAssembly.Module of wasm/NAME.wat as the global `NAME`.
  void LoadWasm(v8::Local<v8::Context> realm, const std::string& name);

  // Node's require of a file in the build folder; its exports as the host's global `loaded`. The error's text, or "".
  std::string Require(const std::string& file);

  v8::Isolate* const isolate_;
  const v8::HandleScope scope_;
  const v8::Local<v8::Context> host_;
};

}  // namespace blockon

#endif  // BLOCKON_CTESTS_ENGINE_ENGINE_TEST_H_
