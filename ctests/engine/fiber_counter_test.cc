#include "jspi/engine/fiber_counter.h"

#include <limits>

#include "ctests/engine/engine_test.h"

namespace blockon {
namespace {

class FiberCounterTest : public EngineTest {
 protected:
  FiberCounterTest() : realm_(NewRealm()), engine_(NewEngine(realm_)) {
    Eval(realm_, R"js(
      var memory = new WebAssembly.Memory({ initial: 1, maximum: 2 });
      // created, a 64-bit number; live, peak, the states from Fresh on
      var write = (memory, address, ...numbers) => { new Int32Array(memory.buffer, address).set(numbers); };
    )js");
  }

  FiberCounts Sum() const { return engine_->fibers().Sum(isolate_); }

  const v8::Local<v8::Context> realm_;
  Engine* const engine_;
};

TEST_F(FiberCounterTest, ReadsWhatTheGuestCounts) {
  EXPECT_EQ(Sum().created, 0);
  Eval(realm_, "engine.fiber_counts(memory, 64)");
  EXPECT_EQ(Sum().live, 0);
  Eval(realm_, "write(memory, 64, 5, 1, 10, 20, 1, 2, 3, 4, 0)");
  const FiberCounts sum = Sum();
  EXPECT_EQ(sum.created, (int64_t{1} << 32) + 5);
  EXPECT_EQ(sum.live, 10);
  EXPECT_EQ(sum.peak, 20);
  for (int i = 0; i < kFiberStateCount; i++) EXPECT_EQ(sum.by_state[i], (i + 1) % kFiberStateCount) << i;
}

TEST_F(FiberCounterTest, FollowsAMemoryThatGrew) {
  Eval(realm_, "engine.fiber_counts(memory, 65536 - 40); memory.grow(1); write(memory, 65536 - 40, 7, 0, 1)");
  EXPECT_EQ(Sum().created, 7);
  EXPECT_EQ(Sum().live, 1);
}

TEST_F(FiberCounterTest, SumsOverTheInterpretersThatAreAlive) {
  NewInterpreter(engine_, "second");
  Eval(realm_, R"js(
    var others = [1, 2].map(() => new WebAssembly.Memory({ initial: 1 }));
    engine.fiber_counts(memory, 0);
    for (const other of others) second.fiber_counts(other, 8);
    write(memory, 0, 1, 0, 1, 1, 0, 0, 1);
    for (const other of others) write(other, 8, 10, 0, 3, 5, 0, 0, 3);
    others.length = 1;
    undefined
  )js");
  CollectGarbage();
  EXPECT_EQ(Sum().created, 11);
  EXPECT_EQ(Sum().live, 4);
  EXPECT_EQ(Sum().peak, 6);
  EXPECT_EQ(Sum().by_state[static_cast<int>(FiberState::kSuspended)], 4);
  Eval(realm_, "others.length = 0; undefined");
  CollectGarbage();
  EXPECT_EQ(Sum().live, 1);
}

TEST_F(FiberCounterTest, CountsNoFurtherThanANumberGoes) {
  Eval(realm_, R"js(
    var others = [1, 2].map(() => new WebAssembly.Memory({ initial: 1 }));
    for (const other of others) {
      engine.fiber_counts(other, 0);
      write(other, 0, -1, 0x7fffffff, 0x7fffffff, -0x80000000, 1, 0x7fffffff);
    }
  )js");
  EXPECT_EQ(Sum().created, std::numeric_limits<int64_t>::max());
  EXPECT_EQ(Sum().live, std::numeric_limits<int32_t>::max());
  EXPECT_EQ(Sum().peak, std::numeric_limits<int32_t>::min());
  EXPECT_EQ(Sum().by_state[0], 2);
  EXPECT_EQ(Sum().by_state[1], std::numeric_limits<int32_t>::max());
}

TEST_F(FiberCounterTest, ReadsTheLastPlaceInAMemory) {
  Eval(realm_, "for (const address of [0, 80, 40]) engine.fiber_counts(memory, address)");
  Eval(realm_, "[0, 40, 80].forEach((address, i) => write(memory, address, 10 ** i))");
  EXPECT_EQ(Sum().created, 10);
}

TEST_F(FiberCounterTest, RefusesWhatIsNoPartOfAMemory) {
  Eval(realm_, R"js(
    var shared = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    var none = new WebAssembly.Memory({ initial: 0 });
  )js");
  for (const char* arguments :
       {"memory, 65536 - 39", "memory, 65536", "memory, 4294967295", "memory, -1", "memory, 0.5", "memory, '0'",
        "memory", "none, 0", "shared, 0", "memory.buffer, 0", "{}, 0", ""}) {
    const std::string call = std::string("engine.fiber_counts(") + arguments + ")";
    EXPECT_EQ(EvalError(realm_, call).substr(0, 23), "TypeError: fiber_counts") << arguments;
  }
  Eval(realm_, "write(memory, 0, 1, 1, 1)");
  EXPECT_EQ(Sum().created, 0);
}

TEST_F(FiberCounterTest, CountsEachRealmForItself) {
  Eval(realm_, "engine.fiber_counts(memory, 0); write(memory, 0, 1, 0, 1)");
  const Engine* second = NewEngine(NewRealm());
  EXPECT_EQ(second->fibers().Sum(isolate_).live, 0);
  EXPECT_EQ(Sum().live, 1);
}

TEST_F(FiberCounterTest, ThrowsAfterDispose) {
  Eval(realm_, "engine.fiber_counts(memory, 0); write(memory, 0, 1, 0, 1)");
  engine_->Dispose();
  EXPECT_EQ(EvalError(realm_, "engine.fiber_counts(memory, 0)"), "Error: blockon: this realm's engine is disposed");
  EXPECT_EQ(Sum().live, 1);
}

TEST_F(FiberCounterTest, ThrowsErrorsOfItsRealm) {
  engine_->Dispose();
  EXPECT_TRUE(
      EvalTrue(realm_, "try { engine.fiber_counts() } catch (e) { Object.getPrototypeOf(e) === Error.prototype }"));
}

}  // namespace
}  // namespace blockon
