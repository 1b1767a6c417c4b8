#include "jspi/engine/limits.h"

#include "ctests/engine/engine_test.h"

namespace blockon {
namespace {

constexpr double kMib = 1024 * 1024;

class LimitsTest : public EngineTest {
 protected:
  LimitsTest() : realm_(NewRealm()), engine_(NewEngine(realm_, {.heap_bytes = 100 << 20})) {
    Eval(realm_, R"js(
      var memory = new WebAssembly.Memory({ initial: 1, maximum: 2 });
      // At 64: asked, over, answered, request, where the countdown and the signal are.
      var words = (...numbers) => { new Int32Array(memory.buffer, 64).set(numbers); };
      var read = (address) => new Int32Array(memory.buffer)[address / 4];
      words(0, 0, 0, 0, 128, 132);
    )js");
  }
  // Which the environment does no sooner than at its end.
  ~LimitsTest() override { engine_->Dispose(); }

  double HeapMax() { return Eval(realm_, "engine.heap_max()").As<v8::Number>()->Value(); }
  uint32_t Meter() {
    const v8::Context::Scope scope(host_);
    return engine_->limits().MeterId(isolate_);
  }

  const v8::Local<v8::Context> realm_;
  Engine* const engine_;
};

TEST_F(LimitsTest, TheHeapMayHaveItsBytesAndThoseOfStacks) {
  const double none = HeapMax();
  EXPECT_GT(none, 100 * kMib);
  EXPECT_LT(none, 105 * kMib);
  Eval(realm_, "new Int32Array(memory.buffer, 256).set([0, 0, 0, 1600]); engine.fiber_counts(memory, 256)");
  EXPECT_GT(HeapMax(), none + 1600 * kMib / 4);
  EXPECT_LT(HeapMax(), none + 1700 * kMib / 4);
  Eval(realm_, "new Int32Array(memory.buffer, 256).set([0, 0, 0, 20000])");
  EXPECT_EQ(HeapMax(), 4294901760.0);
}

TEST_F(LimitsTest, WithoutALimitAreEmscriptens) {
  const v8::Local<v8::Context> realm = NewRealm();
  Engine* engine = NewEngine(realm);
  EXPECT_TRUE(EvalTrue(realm, "engine.heap_max() === 4294901760"));
  engine->Dispose();
}

TEST_F(LimitsTest, TheGuestIsAskedInItsMemory) {
  const uint32_t meter = Meter();
  EXPECT_EQ(Meter(), meter);
  EXPECT_FALSE(ThreadMeter::Ask(meter, 5));
  Eval(realm_, "engine.watch_limits(memory, 64)");
  EXPECT_TRUE(ThreadMeter::Ask(meter, 5));
  EXPECT_EQ(EvalInt(realm_, "read(64)"), 1);
  EXPECT_EQ(EvalInt(realm_, "read(68)"), 5);
  EXPECT_EQ(EvalInt(realm_, "read(132)"), static_cast<int>(kLimitsAreAsked));
  Eval(realm_, "words(1, 5, 1, 5)");
  const auto reading = *ThreadMeter::Read(meter);
  EXPECT_EQ(reading.answered, 1u);
  EXPECT_EQ(reading.request, 5u);
  EXPECT_GT(reading.processor_seconds, 0);
  EXPECT_EQ(ThreadMeter::Measure(meter)->size, 65536u);
  Eval(realm_, "memory.grow(1)");
  EXPECT_EQ(ThreadMeter::Measure(meter)->size, 2 * 65536u);
}

TEST_F(LimitsTest, RefuseWhatIsNoPartOfAMemory) {
  Meter();
  for (const char* arguments : {"", "null, 64", "memory", "memory, -1", "memory, 66", "memory, 0", "memory, 65536"}) {
    EXPECT_TRUE(
        EvalError(realm_, std::string("engine.watch_limits(") + arguments + ")").starts_with("TypeError: watch_limits"))
        << arguments;
  }
  for (const char* addresses : {"0, 132", "128, 65536", "130, 132"}) {
    EXPECT_EQ(EvalError(realm_, std::string("words(0, 0, 0, 0, ") + addresses + "); engine.watch_limits(memory, 64)"),
              "TypeError: watch_limits: this is no part of the memory")
        << addresses;
  }
}

TEST_F(LimitsTest, EndWithTheEngine) {
  const uint32_t meter = Meter();
  Eval(realm_, "engine.watch_limits(memory, 64)");
  engine_->Dispose();
  EXPECT_FALSE(ThreadMeter::Read(meter));
  Eval(realm_, "engine.watch_limits(memory, 64)");
  EXPECT_FALSE(ThreadMeter::Ask(meter, 0));
}

}  // namespace
}  // namespace blockon
