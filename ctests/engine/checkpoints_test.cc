#include "ctests/engine/engine_test.h"

namespace blockon {
namespace {

class CheckpointsTest : public EngineTest {
 protected:
  CheckpointsTest() : realm_(NewRealm()) {
    NewEngine(realm_);
    Eval(realm_, R"(
      var memory = new WebAssembly.Memory({ initial: 4, maximum: 100 });
      var bytes = () => new Uint8Array(memory.buffer);
      bytes().fill(7, 65536, 80000);
    )");
  }

  const v8::Local<v8::Context> realm_;
};

TEST_F(CheckpointsTest, ResetsAMemoryAsOftenAsAsked) {
  Eval(realm_, "engine.checkpoint_take(memory); var before = bytes().slice()");
  for (int i = 0; i < 5; i++) {
    Eval(realm_, "bytes().fill(9, 60000, 70000); bytes()[200000] = 9");
    EXPECT_EQ(EvalInt(realm_, "engine.checkpoint_restore(memory)"), 5);
    EXPECT_EQ(EvalInt(realm_, "bytes().findIndex((byte, i) => byte !== before[i])"), -1);
  }
}

TEST_F(CheckpointsTest, HasZerosInAMemoryThatGrew) {
  Eval(realm_, "engine.checkpoint_take(memory); memory.grow(10); bytes().fill(9)");
  Eval(realm_, "engine.checkpoint_restore(memory)");
  EXPECT_EQ(EvalInt(realm_, "bytes().length"), 14 * 65536);
  EXPECT_EQ(EvalInt(realm_, "bytes().indexOf(9)"), -1);
  EXPECT_EQ(EvalInt(realm_, "bytes().lastIndexOf(7)"), 79999);
  Eval(realm_, "memory.grow(80); bytes().fill(9); engine.checkpoint_restore(memory)");
  EXPECT_EQ(EvalInt(realm_, "bytes().reduce((sum, byte) => sum + byte)"), 7 * (80000 - 65536));
}

TEST_F(CheckpointsTest, SeedsGeneratorsAnewWithEachReset) {
  // A number of the state, and 624 words of it, which end with their page.
  Eval(realm_, R"(
    var words = (at) => [...new Uint32Array(memory.buffer, at, 627)];
    for (const [i, word] of [1, 624, 5, 6].entries()) new Uint32Array(memory.buffer)[1024 / 4 - 1 + i] = word;
    engine.checkpoint_take(memory, 1024, 1024 + 2500);
    var before = words(1020), seen = [];
  )");
  for (int i = 0; i < 4; i++) {
    Eval(realm_,
         "bytes().fill(9, 0, 9000); engine.checkpoint_restore(memory); seen.push(...words(1028).slice(0, 624))");
    EXPECT_EQ(EvalInt(realm_, "words(1020)[0]"), 1);
    EXPECT_EQ(EvalInt(realm_, "words(1024)[0]"), 624);
    EXPECT_EQ(EvalInt(realm_, "words(1024 + 2500)[0]"), 624);
    EXPECT_EQ(EvalInt(realm_, "bytes().indexOf(9, 1024 + 5000)"), -1);
  }
  // Of 2,496 words of 32 bits as good as none comes twice.
  EXPECT_GT(EvalInt(realm_, "new Set(seen).size"), 2490);
  for (const char* address : {"0", "1026", "-4", "'1024'", "4 * 65536 - 2496"}) {
    EXPECT_EQ(EvalError(realm_, std::string("engine.checkpoint_take(memory, ") + address + ")"),
              "TypeError: checkpoint_take: a generator is no part of the memory");
  }
}

TEST_F(CheckpointsTest, SeedsNothingOfACheckpointThatWasRefused) {
  Eval(realm_, R"(
    var small = new WebAssembly.Memory({ initial: 1, maximum: 1 }), large = new WebAssembly.Memory({ initial: 100 });
    engine.checkpoint_take(small);
  )");
  EXPECT_EQ(EvalError(realm_, "engine.checkpoint_take(large, 90 * 65536, 0)"),
            "TypeError: checkpoint_take: a generator is no part of the memory");
  // 90 pages behind the beginning of the smaller one there is no memory.
  EXPECT_EQ(EvalInt(realm_, "new Uint8Array(small.buffer)[9] = 1; engine.checkpoint_restore(small)"), 1);
  EXPECT_EQ(EvalInt(realm_, "new Uint8Array(small.buffer).findIndex((byte) => byte !== 0)"), -1);
}

TEST_F(CheckpointsTest, RefusesWhatIsNoMemoryOfItsOwn) {
  EXPECT_EQ(EvalError(realm_, "engine.checkpoint_restore(memory)"),
            "Error: checkpoint_restore: there is no checkpoint");
  Eval(realm_, "engine.checkpoint_take(memory)");
  EXPECT_EQ(EvalError(realm_, "engine.checkpoint_restore(new WebAssembly.Memory({ initial: 4 }))"),
            "Error: checkpoint_restore: the memory is at another address");
  for (const char* call : {"checkpoint_take", "checkpoint_restore"}) {
    for (const char* argument :
         {"", "{}", "memory.buffer", "new WebAssembly.Memory({initial: 1, maximum: 1, shared: true})"}) {
      EXPECT_EQ(EvalError(realm_, std::string("engine.") + call + "(" + argument + ")"),
                std::string("TypeError: ") + call + " needs a WebAssembly.Memory that is not shared");
    }
  }
}

}  // namespace
}  // namespace blockon
