// WebAssembly.JSTag is a realm's own: code that is linked with another realm's tag does not catch what JavaScript
// throws.
#include "ctests/engine/engine_test.h"

namespace blockon {
namespace {

class JsTagTest : public EngineTest {
 protected:
  JsTagTest() : first_(NewRealm()), second_(NewRealm()) {
    NewEngine(first_);
    NewEngine(second_);
    LoadWasm(second_, "fibers");
    SetGlobal(second_, "tagOfFirst", Eval(first_, "engine.JSTag"));
  }

  // A rejection that a fiber of the second realm waits for, in wasm that catches with this tag.
  std::string RejectWith(const std::string& tag) {
    Eval(second_, R"js(
      var wasm = new WebAssembly.Instance(fibers, {
        engine: { ...engine, JSTag: )js" +
                      tag + R"js( },
        test: { call() {} },
      }).exports;
      var outcome = "none";
      WebAssembly.promising(wasm.run)(1, Promise.reject("a reason")).then(
        (value) => { outcome = `caught ${value}`; }, (error) => { outcome = `not caught ${error}`; });
    )js");
    Drain();
    return EvalText(second_, "`${outcome}, ${wasm.caught.value}`");
  }

  const v8::Local<v8::Context> first_;
  const v8::Local<v8::Context> second_;
};

TEST_F(JsTagTest, IsAnotherInEachRealm) {
  EXPECT_TRUE(EvalTrue(second_, "engine.JSTag === WebAssembly.JSTag"));
  EXPECT_FALSE(EvalTrue(second_, "engine.JSTag === tagOfFirst"));
}

TEST_F(JsTagTest, CatchesInItsOwnRealm) { EXPECT_EQ(RejectWith("engine.JSTag"), "caught a reason, 1"); }

TEST_F(JsTagTest, DoesNotCatchInAnotherRealm) { EXPECT_EQ(RejectWith("tagOfFirst"), "not caught a reason, 0"); }

}  // namespace
}  // namespace blockon
