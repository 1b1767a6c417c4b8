// What a realm's structuredClone does that cannot be seen from Python: its own functions' failures, and getters that interfere.
#include "jspi/engine/structured_clone.h"

#include <memory>

#include "ctests/engine/engine_test.h"

namespace blockon {
namespace {

class StructuredCloneTest : public EngineTest {
 protected:
  StructuredCloneTest() : realm_(NewRealm()) {
    const auto handler = Eval(host_, "() => {}").As<v8::Function>();
    Register(isolate_, std::make_unique<Bridge>(host_, realm_, handler, 0))->Install("bridge");
    Eval(realm_, R"js(
      var refuse = (text) => { throw new RangeError("refused: " + text) };
      class Marked { inner = 1 }
      bridge.markPrototype(Marked.prototype);
      var clone = (value, transfer = null, copy = (object) => ({ copyOf: object.inner })) =>
        bridge.structuredClone(value, transfer, refuse, copy);
    )js");
  }

  const v8::Local<v8::Context> realm_;
};

TEST_F(StructuredCloneTest, ClonesWithinTheRealm) {
  EXPECT_TRUE(EvalTrue(realm_, "clone({ a: [1] }).a instanceof Array"));
  EXPECT_EQ(EvalText(realm_, "JSON.stringify(clone({ a: [1, null], b: new Date(0) }))"),
            R"({"a":[1,null],"b":"1970-01-01T00:00:00.000Z"})");
}

TEST_F(StructuredCloneTest, GivesMarkedObjectsAway) {
  EXPECT_EQ(EvalText(realm_, "JSON.stringify(clone([new Marked, new (class extends Marked {})]))"),
            R"([{"copyOf":1},{"copyOf":1}])");
  EXPECT_EQ(EvalError(realm_, "clone(new Marked, null, () => { throw new SyntaxError('mine') })"), "SyntaxError: mine");
  EXPECT_EQ(EvalError(realm_, "clone(new Marked, null, () => 1)"), "TypeError: the clone of an object is no object");
}

TEST_F(StructuredCloneTest, RunsNoTrapOfAPrototype) {
  Eval(realm_, "var trapped = 0; var proxy = new Proxy({}, { getPrototypeOf() { trapped++; return null } })");
  EXPECT_TRUE(EvalTrue(realm_, "clone(Object.create(proxy)) !== null && trapped === 0"));
  EXPECT_EQ(EvalError(realm_, "clone(proxy)").find("RangeError: refused: "), 0u);
}

TEST_F(StructuredCloneTest, RefusesByTheRealmsFunction) {
  EXPECT_EQ(EvalError(realm_, "clone(() => {})").find("RangeError: refused: "), 0u);
  EXPECT_EQ(EvalError(realm_, "bridge.structuredClone(() => {}, null, () => {}, () => {})"),
            "TypeError: refuse has to throw");
  EXPECT_EQ(EvalError(realm_, "bridge.structuredClone(1)"), "TypeError: structuredClone needs its two functions");
  EXPECT_EQ(EvalError(realm_, "bridge.markPrototype(1)"), "TypeError: expected a prototype");
}

TEST_F(StructuredCloneTest, TransfersEachOfMany) {
  Eval(realm_, "var many = Array.from({ length: 20000 }, () => new ArrayBuffer(1))");
  EXPECT_EQ(EvalError(realm_, "clone(1, [...many, many[7]])"),
            "RangeError: refused: an ArrayBuffer is twice in the transfer list");
  EXPECT_TRUE(EvalTrue(realm_, "many.every((one) => !one.detached)"));
  EXPECT_TRUE(EvalTrue(realm_, "clone(many, many).every((one) => one.byteLength === 1)"));
  EXPECT_TRUE(EvalTrue(realm_, "many.every((one) => one.detached)"));
}

TEST_F(StructuredCloneTest, TransfersWhenAllIsWell) {
  Eval(realm_, "var buffer = new ArrayBuffer(3), copy = clone({ buffer }, [buffer])");
  EXPECT_TRUE(EvalTrue(realm_, "buffer.detached && copy.buffer.byteLength === 3"));
  // A getter takes the buffer away while the value is written.
  Eval(realm_, "var taken = new ArrayBuffer(3)");
  EXPECT_EQ(EvalError(realm_, "clone({ get x() { taken.transfer(); return 1 } }, [taken])"),
            "RangeError: refused: an ArrayBuffer to be transferred is detached");
  // Or has it be the heap of asm.js, which it is for ever.
  Eval(realm_, R"js(
    function asm(stdlib, foreign, heap) {
      "use asm";
      var bytes = new stdlib.Uint8Array(heap);
      function first() { return bytes[0] | 0 }
      return { first: first };
    }
    var bound = new ArrayBuffer(65536);
  )js");
  EXPECT_EQ(EvalError(realm_, "clone({ get x() { asm(globalThis, {}, bound); return 1 } }, [bound])"),
            "RangeError: refused: an ArrayBuffer to be transferred is detached");
  Eval(realm_, "var kept = new ArrayBuffer(3)");
  EXPECT_EQ(EvalError(realm_, "clone({ kept, f() {} }, [kept])").find("RangeError: refused: "), 0u);
  EXPECT_TRUE(EvalTrue(realm_, "!kept.detached"));
}

}  // namespace
}  // namespace blockon
