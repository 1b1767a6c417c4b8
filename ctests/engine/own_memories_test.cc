#include "jspi/engine/own_memories.h"

#include "ctests/engine/engine_test.h"

namespace blockon {
namespace {

class OwnMemoriesTest : public EngineTest {
 protected:
  OwnMemoriesTest() : realm_(NewRealm()) {
    NewEngine(realm_, {.run_sync = true});
    // What code of before has kept.
    Eval(realm_, R"js(
      var { Instance, Module } = WebAssembly;
      var own = new Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 5, 3, 1, 0, 1]));
      engine.seal_memories();
    )js");
  }

  const v8::Local<v8::Context> realm_;
};

TEST_F(OwnMemoriesTest, LeaveNoSharedOne) {
  EXPECT_EQ(EvalText(realm_, "typeof SharedArrayBuffer"), "undefined");
  EXPECT_EQ(EvalError(realm_, "new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true })"),
            "TypeError: blockon: no memory is shared here");
}

TEST_F(OwnMemoriesTest, AreMadeByWhatLooksAsBefore) {
  EXPECT_TRUE(EvalTrue(realm_, R"js(
    const { Memory } = WebAssembly;
    class Derived extends Memory {}
    const memory = new Memory({ initial: 1 });
    memory.constructor === Memory && memory instanceof Memory && new Derived({ initial: 1 }) instanceof Derived &&
      Memory.name === "Memory" && Memory.length === 1 && memory.buffer.byteLength === 65536
  )js"));
  EXPECT_TRUE(EvalTrue(realm_, "try { WebAssembly.Memory({ initial: 1 }) } catch (e) { e instanceof TypeError }"));
}

TEST_F(OwnMemoriesTest, AreCountedAsLongAsSomebodyHasThem) {
  // Those of tests before.
  isolate_->LowMemoryNotification();
  const uint64_t before = OwnMemories::BytesOfThread(isolate_);
  Eval(realm_, "var memory = new WebAssembly.Memory({ initial: 2 }); memory.grow(1)");
  EXPECT_EQ(OwnMemories::BytesOfThread(isolate_) - before, 3 * 65536);
  Eval(realm_, "var { buffer } = memory; memory = undefined");
  isolate_->LowMemoryNotification();
  EXPECT_EQ(OwnMemories::BytesOfThread(isolate_) - before, 3 * 65536);
  Eval(realm_, "buffer = undefined");
  isolate_->LowMemoryNotification();
  EXPECT_EQ(OwnMemories::BytesOfThread(isolate_), before);
}

TEST_F(OwnMemoriesTest, AreOfNoModuleAlsoForAConstructorOfBefore) {
  EXPECT_TRUE(
      EvalError(realm_, "new Instance(own)").starts_with("LinkError: blockon: a module with a memory of its own"));
  EXPECT_TRUE(EvalError(realm_, "new WebAssembly.Instance(own)").starts_with("LinkError"));
}

TEST_F(OwnMemoriesTest, AreOtherRealmsOwnAffair) {
  const v8::Local<v8::Context> other = NewRealm();
  EXPECT_TRUE(EvalTrue(other, R"js(
    const own = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 5, 3, 1, 0, 1]));
    new WebAssembly.Instance(own) instanceof WebAssembly.Instance && typeof SharedArrayBuffer === "function"
  )js"));
}

TEST_F(OwnMemoriesTest, AreSealedOnce) {
  Eval(realm_, "var { Memory } = WebAssembly; engine.seal_memories()");
  EXPECT_TRUE(EvalTrue(realm_, "WebAssembly.Memory === Memory"));
}

}  // namespace
}  // namespace blockon
