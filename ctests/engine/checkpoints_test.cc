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
