#include "jspi/engine/promise_inspector.h"

#include "ctests/engine/engine_test.h"

namespace blockon {
namespace {

class PromiseInspectorTest : public EngineTest {
 protected:
  PromiseInspectorTest() : realm_(NewRealm()) { NewEngine(realm_); }

  const v8::Local<v8::Context> realm_;
};

TEST_F(PromiseInspectorTest, TellsTheStatesApart) {
  EXPECT_EQ(EvalInt(realm_, "engine.promise_state(new Promise(() => {}))"), 0);
  EXPECT_EQ(EvalInt(realm_, "engine.promise_state(Promise.resolve(5))"), 1);
  EXPECT_EQ(EvalInt(realm_, "var p = Promise.reject(5); p.catch(() => {}); engine.promise_state(p)"), 2);
}

TEST_F(PromiseInspectorTest, FollowsAPromiseToItsSettlement) {
  EXPECT_EQ(EvalInt(realm_, "var { promise, resolve } = Promise.withResolvers(); engine.promise_state(promise)"), 0);
  EXPECT_EQ(EvalInt(realm_, "resolve(1); engine.promise_state(promise)"), 1);
  EXPECT_EQ(EvalInt(realm_, "var late = (async () => { await null; return 2; })(); engine.promise_state(late)"), 0);
  Drain();
  EXPECT_EQ(EvalInt(realm_, "engine.promise_state(late)"), 1);
  EXPECT_EQ(EvalInt(realm_, "engine.promise_result(late)"), 2);
}

TEST_F(PromiseInspectorTest, TakesAPromiseResolvedWithAPendingOneAsPending) {
  EXPECT_EQ(EvalInt(realm_, "engine.promise_state(Promise.resolve().then(() => new Promise(() => {})))"), 0);
  Drain();
  EXPECT_EQ(EvalInt(realm_, "var p = new Promise((r) => r(new Promise(() => {}))); engine.promise_state(p)"), 0);
}

TEST_F(PromiseInspectorTest, KnowsASubclassAsAPromise) {
  Eval(realm_, "class Own extends Promise {}; globalThis.Own = Own");
  EXPECT_EQ(EvalInt(realm_, "engine.promise_state(Own.resolve(3))"), 1);
  EXPECT_EQ(EvalInt(realm_, "engine.promise_result(Own.resolve(3))"), 3);
}

TEST_F(PromiseInspectorTest, SeesNoPromiseInAnythingElse) {
  for (const char* source :
       {"({ then(resolve) { resolve(1); } })", "Object.create(Promise.prototype)", "new Proxy(Promise.resolve(1), {})",
        "undefined", "null", "1", "'text'", "() => 1", "Promise", "Object.setPrototypeOf({}, Promise.resolve(1))"}) {
    EXPECT_EQ(EvalInt(realm_, std::string("engine.promise_state(") + source + ")"), -1) << source;
  }
}

TEST_F(PromiseInspectorTest, RunsNoCodeOfTheRealm) {
  Eval(realm_, R"js(
    var touched = [];
    var note = (name) => ({ configurable: true, get() { touched.push(name); } });
    var p = Promise.resolve(7);
    Object.defineProperty(p, "then", note("then"));
    Object.defineProperty(p, "constructor", note("constructor"));
    var proxy = new Proxy(p, new Proxy({}, { get(_, trap) { touched.push(trap); } }));
    var thenable = Object.defineProperty({}, "then", note("thenable"));
  )js");
  EXPECT_EQ(EvalInt(realm_, "engine.promise_state(p)"), 1);
  EXPECT_EQ(EvalInt(realm_, "engine.promise_result(p)"), 7);
  EXPECT_EQ(EvalInt(realm_, "engine.promise_state(proxy) + engine.promise_state(thenable)"), -2);
  EXPECT_EQ(EvalText(realm_, "touched.map(String).join()"), "");
  // The traps do note when they are used.
  EXPECT_EQ(EvalText(realm_, "p.then; thenable.then; touched.join()"), "then,thenable");
}

TEST_F(PromiseInspectorTest, SeesPromisesOfAnotherRealm) {
  const v8::Local<v8::Context> other = NewRealm();
  SetGlobal(realm_, "pending", Eval(other, "new Promise(() => {})"));
  SetGlobal(realm_, "fulfilled", Eval(other, "Promise.resolve('there')"));
  SetGlobal(realm_, "rejected", Eval(other, "var p = Promise.reject(1); p.catch(() => {}); p"));
  SetGlobal(realm_, "ofHost", Eval(host_, "Promise.resolve('host')"));
  EXPECT_FALSE(EvalTrue(realm_, "fulfilled instanceof Promise"));
  EXPECT_EQ(EvalInt(realm_, "engine.promise_state(pending)"), 0);
  EXPECT_EQ(EvalInt(realm_, "engine.promise_state(fulfilled)"), 1);
  EXPECT_EQ(EvalInt(realm_, "engine.promise_state(rejected)"), 2);
  EXPECT_EQ(EvalText(realm_, "engine.promise_result(fulfilled)"), "there");
  EXPECT_EQ(EvalText(realm_, "engine.promise_result(ofHost)"), "host");
}

TEST_F(PromiseInspectorTest, GivesTheVeryValueOfAFulfilledPromise) {
  EXPECT_TRUE(EvalTrue(realm_, "var o = {}; engine.promise_result(Promise.resolve(o)) === o"));
  EXPECT_TRUE(EvalTrue(realm_, "engine.promise_result(Promise.resolve()) === undefined"));
}

TEST_F(PromiseInspectorTest, HasNoResultOfAnythingElse) {
  const char* kMessage = "Error: blockon: promise_result of what is no fulfilled promise";
  for (const char* source : {"new Promise(() => {})", "rejected", "1", "{}", "new Proxy(Promise.resolve(1), {})"}) {
    const std::string call = std::string("engine.promise_result(") + source + ")";
    EXPECT_EQ(EvalError(realm_, "var rejected = Promise.reject(1); rejected.catch(() => {}); " + call), kMessage)
        << source;
  }
  EXPECT_EQ(EvalError(realm_, "engine.promise_result()"), kMessage);
}

TEST_F(PromiseInspectorTest, AnswersWasm) {
  LoadWasm(realm_, "fibers");
  Eval(realm_, "var wasm = new WebAssembly.Instance(fibers, { engine, test: { call() {} } }).exports");
  EXPECT_EQ(EvalText(realm_, "wasm.peek(Promise.resolve('now'))"), "now");
  EXPECT_TRUE(EvalTrue(realm_, "wasm.peek(new Promise(() => {})) === null"));
  EXPECT_TRUE(EvalTrue(realm_, "wasm.peek({ then() {} }) === null"));
}

}  // namespace
}  // namespace blockon
