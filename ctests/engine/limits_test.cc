#include "jspi/engine/limits.h"

#include <atomic>
#include <chrono>
#include <thread>

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
    return engine_->limits().MeterId(realm_);
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

TEST_F(LimitsTest, AThreadHasAMeterForEachOfItsRealms) {
  const uint32_t meter = Meter();
  const v8::Local<v8::Context> realm = NewRealm();
  Engine* other = NewEngine(realm);
  const v8::Context::Scope scope(host_);
  const uint32_t of_other = other->limits().MeterId(realm);
  EXPECT_NE(of_other, meter);
  Eval(realm_, "engine.watch_limits(memory, 64)");
  Eval(realm, R"js(
    var memory = new WebAssembly.Memory({ initial: 1 });
    new Int32Array(memory.buffer, 64).set([0, 0, 0, 0, 128, 132]);
    engine.watch_limits(memory, 64);
  )js");
  // Each is asked in its own memory.
  EXPECT_TRUE(ThreadMeter::Ask(of_other, 8));
  EXPECT_EQ(EvalInt(realm_, "read(68)"), 0);
  EXPECT_EQ(EvalInt(realm, "new Int32Array(memory.buffer)[17]"), 8);
  // And has its own time.
  other->limits().Enter();
  const double before = ThreadMeter::Read(meter)->processor_seconds;
  EvalInt(realm, "for (let end = Date.now() + 20; Date.now() < end;); 0");
  EXPECT_EQ(ThreadMeter::Read(meter)->processor_seconds, before);
  EXPECT_GT(ThreadMeter::Read(of_other)->processor_seconds, 0);
  engine_->limits().Enter();
  EvalInt(realm_, "for (let end = Date.now() + 20; Date.now() < end;); 0");
  EXPECT_GT(ThreadMeter::Read(meter)->processor_seconds, before);
  // The end of one leaves the other.
  other->Dispose();
  EXPECT_FALSE(ThreadMeter::Read(of_other));
  EXPECT_TRUE(ThreadMeter::Ask(meter, 5));
  EXPECT_EQ(EvalInt(realm_, "read(68)"), 5);
}

// What runs of one realm ends as another thread asks, and the isolate goes on.
class RealmEndTest : public LimitsTest {
 protected:
  RealmEndTest() : meter_(Meter()), bridge_(Register(isolate_, NewBridge())) {
    bridge_->Install("bridge");
    SetGlobal(host_, "end", bridge_->NewHostEnd());
    Eval(realm_, R"js(
      bridge.listen((op) => {
        if (op === "hello") return "hello";
        if (op === "later") return void Promise.resolve().then(() => { for (;;); });
        if (op === "host") return bridge.call("spin");
        if (op === "regex") return /(a+)+$/.test("a".repeat(60) + "b");
        for (;;);
      })
    )js");
  }
  ~RealmEndTest() override { Stop(); }

  std::unique_ptr<Bridge> NewBridge() {
    const auto handler = Eval(host_, R"js(
      var begun = 0, done = 0;
      () => {
        begun++;
        for (let end = Date.now() + 20; Date.now() < end;);
        done++;
        return "host";
      }
    )js");
    return std::make_unique<Bridge>(host_, realm_, handler.As<v8::Function>(), 0);
  }
  void Interrupt() {
    asker_ = std::thread([this] {
      while (!stop_) {
        ThreadMeter::Interrupt(meter_);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
    });
  }
  void Stop() {
    stop_ = true;
    if (asker_.joinable()) asker_.join();
    stop_ = false;
  }

  const uint32_t meter_;
  Bridge* const bridge_;
  std::thread asker_;
  std::atomic<bool> stop_ = false;
};

TEST_F(RealmEndTest, ItEndsWhereTheHostHasCalledIt) {
  Interrupt();
  for (const char* op : {"spin", "regex"}) {
    EXPECT_EQ(EvalError(host_, std::string("end.send('") + op + "')"), "Error: it was ended where it ran") << op;
    EXPECT_FALSE(isolate_->IsExecutionTerminating());
  }
  Stop();
  EXPECT_EQ(EvalText(host_, "end.send('hello')"), "hello");
}

TEST_F(RealmEndTest, ItEndsInMicrotasks) {
  Eval(host_, "end.send('later'); var after = 0; Promise.resolve().then(() => after++)");
  Interrupt();
  Drain();
  Stop();
  EXPECT_FALSE(isolate_->IsExecutionTerminating());
  EXPECT_EQ(EvalText(host_, "end.send('hello')"), "hello");
  Eval(host_, "Promise.resolve().then(() => after = 'again')");
  Drain();
  EXPECT_EQ(EvalText(host_, "after"), "again");
}

TEST_F(RealmEndTest, LeavesTheHostAndOtherRealmsAlone) {
  const v8::Local<v8::Context> realm = NewRealm();
  Interrupt();
  // Though it was called by the realm, which may be ended before and after.
  Eval(host_, R"js(
    for (let i = 0; i < 20; i++) {
      try {
        end.send("host");
      } catch (error) {
        if (error.message !== "it was ended where it ran") throw error;
      }
    }
  )js");
  EXPECT_GT(EvalInt(host_, "done"), 0);
  EXPECT_EQ(EvalInt(host_, "begun - done"), 0);
  EXPECT_EQ(EvalText(host_, "for (let end = Date.now() + 50; Date.now() < end;); 'host'"), "host");
  EXPECT_EQ(EvalText(realm, "for (let end = Date.now() + 50; Date.now() < end;); 'other'"), "other");
}

TEST_F(RealmEndTest, NobodyIsToldOfOneThatIsGone) {
  engine_->Dispose();
  EXPECT_FALSE(ThreadMeter::Interrupt(meter_));
}

}  // namespace
}  // namespace blockon
