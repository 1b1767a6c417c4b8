#include "jspi/engine/slices.h"

#include "ctests/engine/engine_test.h"
#include "jspi/util/slice_clock.h"

namespace blockon {
namespace {

class SlicesTest : public EngineTest {
 protected:
  SlicesTest() : realm_(NewRealm()), engine_(NewEngine(realm_)) {
    Eval(realm_, R"js(
      var memory = new WebAssembly.Memory({ initial: 1, maximum: 2 });
      // At 64: running, turn, watched; where the interval, the countdown and the signal are.
      var words = (memory, ...numbers) => { new Int32Array(memory.buffer, 64).set(numbers); };
      var read = (address) => new Int32Array(memory.buffer)[address / 4];
      words(memory, 1, 1, 0, 128, 132, 136);
      new Int32Array(memory.buffer, 128).set([1000, 50, 0]);
      var untilTold = () => {
        while (read(136) === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
        return read(136);
      };
    )js");
  }
  // Which the environment does no sooner than at its end.
  ~SlicesTest() override { engine_->Dispose(); }

  const v8::Local<v8::Context> realm_;
  Engine* const engine_;
};

TEST_F(SlicesTest, AreTold) {
  Eval(realm_, "engine.watch_slices(memory, 64)");
  EXPECT_EQ(EvalInt(realm_, "read(72)"), 1);
  EXPECT_EQ(EvalInt(realm_, "untilTold()"), static_cast<int>(kSliceIsOver));
  EXPECT_EQ(EvalInt(realm_, "read(132)"), 0);
}

TEST_F(SlicesTest, AreToldInAMemoryThatGrew) {
  Eval(realm_, "engine.watch_slices(memory, 64); memory.grow(1); words(memory, 1, 2, 1, 128, 132, 136)");
  EXPECT_EQ(EvalInt(realm_, "untilTold()"), static_cast<int>(kSliceIsOver));
}

TEST_F(SlicesTest, AreTheLastPlaceOfAMemory) {
  Eval(realm_, R"js(
    for (let at = 1024; at < 65536; at += 24) {
      new Int32Array(memory.buffer, at).set([0, 0, 0, 128, 132, 136]);
      engine.watch_slices(memory, at);
    }
    engine.watch_slices(memory, 64);
  )js");
  EXPECT_EQ(SliceClock::Get().watched(), 1);
  EXPECT_EQ(EvalInt(realm_, "untilTold()"), static_cast<int>(kSliceIsOver));
}

TEST_F(SlicesTest, RefusesWhatIsNoPartOfAMemory) {
  Eval(realm_, "var shared = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true })");
  for (const char* arguments :
       {"", "null, 64", "{}, 64", "memory", "memory, -1", "memory, 1.5", "memory, 66", "memory, 0", "memory, 65536",
        "memory, 65536 - 4", "memory, 4294967292", "shared, 64"}) {
    EXPECT_TRUE(
        EvalError(realm_, std::string("engine.watch_slices(") + arguments + ")").starts_with("TypeError: watch_slices"))
        << arguments;
  }
  for (const char* addresses : {"0, 132, 136", "128, 65536, 136", "128, 132, -4", "130, 132, 136"}) {
    EXPECT_EQ(
        EvalError(realm_, std::string("words(memory, 1, 1, 0, ") + addresses + "); engine.watch_slices(memory, 64)"),
        "TypeError: watch_slices: this is no part of the memory")
        << addresses;
  }
  EXPECT_EQ(SliceClock::Get().watched(), 0);
}

TEST_F(SlicesTest, EndWithTheEngine) {
  Eval(realm_, "engine.watch_slices(memory, 64)");
  EXPECT_EQ(SliceClock::Get().watched(), 1);
  engine_->Dispose();
  EXPECT_EQ(SliceClock::Get().watched(), 0);
  Eval(realm_, "engine.watch_slices(memory, 64)");
  EXPECT_EQ(SliceClock::Get().watched(), 0);
}

}  // namespace
}  // namespace blockon
