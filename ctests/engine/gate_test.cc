#include "jspi/engine/gate.h"

#include "ctests/engine/engine_test.h"
#include "jspi/engine/v8_compat.h"

namespace blockon {
namespace {

constexpr const char kRefusal[] =
    "Error: blockon: this realm cannot suspend: the compatibility flag python_run_sync is not set";

class GateTest : public EngineTest {
 protected:
  GateTest() : realm_(NewRealm()) {}

  void Open() { NewEngine(realm_, {.run_sync = true}); }
  void Close() { NewEngine(realm_, {.run_sync = false}); }

  const v8::Local<v8::Context> realm_;
};

TEST_F(GateTest, OpenLeavesTheRealmAsItIs) {
  const std::string before = EvalText(realm_, "Object.getOwnPropertyNames(WebAssembly).sort().join()");
  Open();
  EXPECT_EQ(EvalText(realm_, "Object.getOwnPropertyNames(WebAssembly).sort().join()"), before);
  EXPECT_EQ(EvalInt(realm_, "engine.can_suspend()"), 1);
  EXPECT_TRUE(EvalTrue(realm_, "engine.suspend instanceof WebAssembly.Suspending"));
}

TEST_F(GateTest, ClosedTakesTheWaysToSuspendOutOfTheRealm) {
  EXPECT_EQ(EvalText(realm_, "typeof WebAssembly.Suspending + typeof WebAssembly.promising"), "functionfunction");
  Close();
  EXPECT_FALSE(EvalTrue(realm_, "'Suspending' in WebAssembly || 'promising' in WebAssembly"));
  EXPECT_EQ(EvalInt(realm_, "engine.can_suspend()"), 0);
  EXPECT_FALSE(EvalTrue(realm_, "Object.getOwnPropertyNames(engine).some((n) => /suspending|promising/i.test(n))"));
}

TEST_F(GateTest, ClosedTouchesNoOtherRealm) {
  Close();
  EXPECT_EQ(EvalText(host_, "typeof WebAssembly.Suspending + typeof WebAssembly.promising"), "functionfunction");
  EXPECT_EQ(EvalText(NewRealm(), "typeof WebAssembly.Suspending"), "function");
}

TEST_F(GateTest, ClosedKeepsJsTag) {
  Close();
  EXPECT_TRUE(EvalTrue(realm_, "engine.JSTag === WebAssembly.JSTag && engine.JSTag instanceof WebAssembly.Tag"));
}

TEST_F(GateTest, ClosedRefusesToSuspendAndNamesTheFlag) {
  Close();
  EXPECT_EQ(EvalError(realm_, "engine.suspend(1, Promise.resolve())"), kRefusal);
  EXPECT_TRUE(EvalTrue(realm_, "try { engine.suspend() } catch (e) { Object.getPrototypeOf(e) === Error.prototype }"));
}

TEST_F(GateTest, ClosedRefusesWasmToo) {
  Close();
  LoadWasm(realm_, "fibers");
  Eval(realm_, "var wasm = new WebAssembly.Instance(fibers, { engine, test: { call() {} } }).exports");
  EXPECT_EQ(EvalError(realm_, "wasm.wait(1, Promise.resolve())"), kRefusal);
  EXPECT_EQ(EvalText(realm_, "String(wasm.wait_catching(1, Promise.resolve()))"), kRefusal);
  EXPECT_EQ(EvalInt(realm_, "wasm.caught.value"), 1);
}

TEST_F(GateTest, ClosedCannotBeOpenedFromWithin) {
  Close();
  // A function that it still hands out is one of JavaScript's, of this realm.
  EXPECT_TRUE(EvalTrue(realm_, "Object.getPrototypeOf(engine.suspend) === Function.prototype"));
  EXPECT_EQ(EvalText(realm_, "Reflect.ownKeys(engine).filter((key) => /^[A-Z]/.test(String(key))).join()"), "JSTag");
  EXPECT_TRUE(EvalTrue(realm_, R"js(
    const found = [];
    for (const value of Object.values(Object.getOwnPropertyDescriptors(WebAssembly)).map((d) => d.value)) {
      for (const held of [value, value?.constructor, value?.prototype?.constructor]) {
        if (/^(Suspending|promising)$/.test(held?.name)) found.push(held.name);
      }
    }
    found.length === 0
  )js"));
}

TEST_F(GateTest, OpenTakesItsPartsBeforeTheRealmCanChangeThem) {
  Open();
  Eval(realm_, "var parts = { tag: WebAssembly.JSTag }; delete WebAssembly.Suspending; delete WebAssembly.JSTag");
  EXPECT_TRUE(EvalTrue(realm_, "engine.JSTag === parts.tag"));
  LoadWasm(realm_, "fibers");
  Eval(realm_, R"js(
    var wasm = new WebAssembly.Instance(fibers, { engine, test: { call() {} } }).exports;
    var fiber = 1, got;
    WebAssembly.promising(wasm.run)(fiber, Promise.resolve("kept")).then((value) => { got = value; });
  )js");
  Drain();
  EXPECT_EQ(EvalText(realm_, "got"), "kept");
}

TEST_F(GateTest, HasItsSuspendingFunctionAfterTheRealmLostItsOwn) {
  Gate gate;
  ASSERT_TRUE(gate.Init(realm_, true));
  Eval(realm_, "delete WebAssembly.Suspending");
  const v8::Local<v8::Function> function = Eval(realm_, "(function () {})").As<v8::Function>();
  v8::Local<v8::Value> suspending;
  ASSERT_TRUE(gate.Suspending(realm_, function).ToLocal(&suspending));
  SetGlobal(realm_, "made", suspending);
  EXPECT_EQ(EvalText(realm_, "Object.prototype.toString.call(made)"), "[object WebAssembly.Suspending]");
}

class GateFailureTest : public EngineTest {
 protected:
  // The message of what Init throws; "" when it works.
  std::string InitError(v8::Local<v8::Context> realm, bool open) {
    v8::TryCatch caught(isolate_);
    const v8::Context::Scope scope(realm);
    Engine engine({.run_sync = open});
    if (engine.Init(realm)) return "";
    EXPECT_TRUE(caught.HasCaught());
    return FromV8(isolate_, caught.Message()->Get());
  }
};

TEST_F(GateFailureTest, SaysThatTheGateWasClosedBefore) {
  const v8::Local<v8::Context> realm = NewRealm();
  EXPECT_EQ(InitError(realm, false), "");
  const std::string expected =
      "Uncaught Error: this realm's WebAssembly lacks JSTag, Suspending or promising: V8 without stack switching, or a "
      "realm whose gate was closed before";
  EXPECT_EQ(InitError(realm, true), expected);
  EXPECT_EQ(InitError(realm, false), expected);
}

TEST_F(GateFailureTest, NeedsEachOfItsParts) {
  for (const char* name : {"JSTag", "Suspending", "promising"}) {
    for (bool open : {true, false}) {
      const v8::Local<v8::Context> realm = NewRealm();
      Eval(realm, std::string("delete WebAssembly.") + name);
      EXPECT_TRUE(InitError(realm, open).starts_with("Uncaught Error: this realm's WebAssembly lacks ")) << name;
    }
  }
}

TEST_F(GateFailureTest, SaysThatThereIsNoWebAssembly) {
  const v8::Local<v8::Context> realm = NewRealm();
  Eval(realm, "delete globalThis.WebAssembly");
  EXPECT_EQ(InitError(realm, true), "Uncaught Error: this realm has no WebAssembly object");
}

TEST_F(GateFailureTest, IsNotMadeWhenTheWaysCannotBeRemoved) {
  for (const char* name : {"Suspending", "promising"}) {
    const v8::Local<v8::Context> realm = NewRealm();
    Eval(realm, std::string("Object.defineProperty(WebAssembly, '") + name + "', { configurable: false })");
    EXPECT_EQ(InitError(realm, false),
              "Uncaught Error: the gate cannot be closed: WebAssembly.Suspending or promising cannot be deleted");
  }
}

TEST_F(GateFailureTest, IsNotMadeWhenARemovalThrows) {
  const v8::Local<v8::Context> realm = NewRealm();
  Eval(realm, "WebAssembly = new Proxy(WebAssembly, { deleteProperty() { throw new RangeError('mine'); } })");
  EXPECT_NE(InitError(realm, false), "");
}

TEST_F(GateFailureTest, PassesOnWhatAGetterOfTheRealmThrows) {
  const v8::Local<v8::Context> realm = NewRealm();
  Eval(realm, "Object.defineProperty(WebAssembly, 'JSTag', { get() { throw new RangeError('mine'); } })");
  EXPECT_EQ(InitError(realm, true), "Uncaught RangeError: mine");
}

}  // namespace
}  // namespace blockon
