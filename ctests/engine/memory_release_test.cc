#include "ctests/engine/engine_test.h"

namespace blockon {
namespace {

class MemoryReleaseTest : public EngineTest {
 protected:
  MemoryReleaseTest() : realm_(NewRealm()) {
    NewEngine(realm_);
    Eval(realm_, R"(
      var memory = new WebAssembly.Memory({ initial: 2, maximum: 4 });
      var bytes = () => new Uint8Array(memory.buffer);
      // The places of the bytes that are zero, as [first, last].
      var zeros = () => [bytes().indexOf(0), bytes().lastIndexOf(0)].join();
      bytes().fill(7);
    )");
  }

  const v8::Local<v8::Context> realm_;
};

TEST_F(MemoryReleaseTest, MakesWholePagesZerosAndNothingElse) {
  Eval(realm_, "engine.memory_release(memory, 4095, 8194)");
  EXPECT_EQ(EvalText(realm_, "zeros()"), "4096,12287");
  Eval(realm_, "bytes().fill(7); engine.memory_release(memory, 4097, 4096 + 4094)");
  EXPECT_EQ(EvalText(realm_, "zeros()"), "-1,-1");
  Eval(realm_, "engine.memory_release(memory, 131072, 0); engine.memory_release(memory, 0, 131072)");
  EXPECT_EQ(EvalText(realm_, "zeros()"), "0,131071");
  Eval(realm_, "bytes().fill(9)");
  EXPECT_EQ(EvalInt(realm_, "bytes().reduce((sum, byte) => sum + byte)"), 9 * 131072);
}

TEST_F(MemoryReleaseTest, FollowsAMemoryThatGrew) {
  Eval(realm_, "memory.grow(1); bytes().fill(7); engine.memory_release(memory, 131072, 65536)");
  EXPECT_EQ(EvalText(realm_, "zeros()"), "131072,196607");
}

TEST_F(MemoryReleaseTest, RefusesWhatIsNoPartOfAMemory) {
  Eval(realm_, "var shared = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true })");
  for (const char* arguments :
       {"memory, 0, 131073", "memory, 131073, 0", "memory, 4096, 131072", "memory, 4096, 4294967295", "memory, -1, 1",
        "memory, 0.5, 1", "memory, 0", "memory.buffer, 0, 4096", "{}, 0, 4096", "shared, 0, 4096", ""}) {
    const std::string call = std::string("engine.memory_release(") + arguments + ")";
    EXPECT_EQ(EvalError(realm_, call).substr(0, 25), "TypeError: memory_release") << arguments;
  }
  EXPECT_EQ(EvalText(realm_, "zeros()"), "-1,-1");
}

}  // namespace
}  // namespace blockon
