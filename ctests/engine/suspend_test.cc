// Suspension end to end: WebAssembly.promising, wasm, the engine's suspending import, the microtask that resumes.
#include "ctests/engine/engine_test.h"

namespace blockon {
namespace {

class SuspendTest : public EngineTest {
 protected:
  SuspendTest() : realm_(NewRealm()), engine_(NewEngine(realm_)) {
    LoadWasm(realm_, "fibers");
    Eval(realm_, R"js(
      var wasm = new WebAssembly.Instance(fibers, { engine, test: { call: (f) => f() } }).exports;
      engine.fiber_counts(wasm.memory, wasm.counts.value);
      var results = [];
      // Notes how the promising call of an export ends.
      var start = (name, ...args) => {
        WebAssembly.promising(wasm[name])(...args).then(
          (value) => results.push(value), (error) => results.push(`rejected: ${error}`));
      };
      var { promise, resolve, reject } = Promise.withResolvers();
    )js");
  }

  std::string Results() { return EvalText(realm_, "results.map(String).join('; ')"); }
  FiberCounts Counts() const { return engine_->fibers().Sum(isolate_); }
  int InState(FiberState state) const { return Counts().by_state[static_cast<int>(state)]; }

  const v8::Local<v8::Context> realm_;
  Engine* const engine_;
};

TEST_F(SuspendTest, StaysSuspendedUntilThePromiseIsFulfilled) {
  Eval(realm_, "start('run', 1, promise)");
  EXPECT_EQ(InState(FiberState::kSuspended), 1);
  Drain();
  EXPECT_EQ(Results(), "");
  EXPECT_EQ(InState(FiberState::kSuspended), 1);
  Eval(realm_, "resolve('later')");
  EXPECT_EQ(InState(FiberState::kSuspended), 1) << "the stack must not be resumed inside of resolve()";
  Drain();
  EXPECT_EQ(Results(), "later");
  EXPECT_EQ(Counts().live, 0);
  EXPECT_EQ(EvalInt(realm_, "wasm.caught.value"), 0);
}

TEST_F(SuspendTest, SuspendsOnASettledPromiseToo) {
  Eval(realm_, "start('run', 1, Promise.resolve('settled'))");
  EXPECT_EQ(InState(FiberState::kSuspended), 1);
  Drain();
  EXPECT_EQ(Results(), "settled");
}

TEST_F(SuspendTest, GivesTheRejectionToTheHandlerInWasm) {
  Eval(realm_, "start('run', 1, promise)");
  Eval(realm_, "reject(new RangeError('why'))");
  Drain();
  EXPECT_EQ(Results(), "RangeError: why");
  EXPECT_EQ(EvalInt(realm_, "wasm.caught.value"), 1);
}

TEST_F(SuspendTest, RejectsTheCallWhereNothingCatches) {
  Eval(realm_, "var id = 1; start('wait', id, promise)");
  Eval(realm_, "reject(new RangeError('why'))");
  Drain();
  EXPECT_EQ(Results(), "rejected: RangeError: why");
}

TEST_F(SuspendTest, ResumesEachFiberWithItsOwnValue) {
  Eval(realm_, R"js(
    var waits = Array.from({ length: 100 }, () => Promise.withResolvers());
    waits.forEach((wait, i) => start("run", i + 1, wait.promise));
  )js");
  EXPECT_EQ(InState(FiberState::kSuspended), 100);
  CollectGarbage();
  Eval(realm_, "waits.forEach((wait, i) => { if (i % 2) wait.resolve(i); })");
  Drain();
  EXPECT_TRUE(EvalTrue(realm_, "results.length === 50 && results.every((value, i) => value === 2 * i + 1)"));
  Eval(realm_, "results = []; waits.reverse().forEach((wait, i) => wait.resolve(99 - i))");
  Drain();
  EXPECT_TRUE(EvalTrue(realm_, "results.length === 50 && results.every((value, i) => value === 98 - 2 * i)"));
  EXPECT_EQ(Counts().live, 0);
  EXPECT_EQ(Counts().peak, 100);
}

TEST_F(SuspendTest, AFiberThatWaitsForNothingIsResumedByAWake) {
  Eval(realm_, "var id = 1; start('run', id, null)");
  Drain();
  EXPECT_EQ(Results(), "");
  EXPECT_EQ(EvalInt(realm_, "engine.wake(id)"), 1);
  EXPECT_EQ(InState(FiberState::kSuspended), 1) << "a wake must not run the fiber itself";
  Drain();
  EXPECT_EQ(Results(), "undefined");
}

TEST_F(SuspendTest, WakesOnlyTheOneThatIsNamed) {
  Eval(realm_, "for (let i = 0; i < 3; i++) start('run', i + 1, i ? null : promise)");
  EXPECT_EQ(EvalInt(realm_, "engine.wake(2)"), 1);
  Drain();
  EXPECT_EQ(InState(FiberState::kSuspended), 2);
  EXPECT_EQ(EvalInt(realm_, "engine.wake(1) + engine.wake(3)"), 2);
  Drain();
  EXPECT_EQ(Results(), "undefined; undefined; undefined");
}

TEST_F(SuspendTest, HasNothingToWakeWhereNothingWaits) {
  Eval(realm_, "var id = 1");
  for (const char* which : {"id", "0", "-1", "99", "'1'", "undefined"}) {
    EXPECT_EQ(EvalInt(realm_, std::string("engine.wake(") + which + ")"), 0) << which;
  }
  Eval(realm_, "start('run', id, null)");
  EXPECT_EQ(EvalInt(realm_, "engine.wake(id) * 10 + engine.wake(id)"), 10) << "a wake is for one wait";
  Drain();
  EXPECT_EQ(EvalInt(realm_, "engine.wake(id)"), 0);
}

TEST_F(SuspendTest, AWakeComesBeforeThePromiseThatIsWaitedFor) {
  Eval(realm_, "var id = 1; start('run', id, promise)");
  EXPECT_EQ(EvalInt(realm_, "engine.wake(id)"), 1);
  Drain();
  EXPECT_EQ(Results(), "undefined");
}

// The promise that was given up settles during the next wait of a fiber with the same id.
TEST_F(SuspendTest, APromiseThatWasGivenUpEndsNoLaterWait) {
  for (const char* ending : {"resolve('late')", "reject(new Error('late'))"}) {
    Eval(realm_, "({ promise, resolve, reject } = Promise.withResolvers()); results = []");
    Eval(realm_, "var id = 1; start('run', id, promise); engine.wake(id)");
    Drain();
    ASSERT_EQ(Results(), "undefined");
    Eval(realm_, "start('run', id, null)");
    Eval(realm_, ending);
    Drain();
    EXPECT_EQ(Results(), "undefined") << ending;
    Eval(realm_, "for (let i = 1; i < 99; i++) engine.wake(i)");
    Drain();
    EXPECT_EQ(Counts().live, 0);
  }
}

TEST_F(SuspendTest, UsesNothingThatTheRealmPutInPlaceOfIntrinsics) {
  Eval(realm_, R"js(
    var used = [];
    for (const [object, name] of [[Promise.prototype, "then"], [Reflect, "apply"], [Function.prototype, "call"],
                                  [Function.prototype, "apply"], [globalThis, "Promise"]]) {
      const { [name]: own } = object;
      object[name] = function (...args) { used.push(name); return Reflect.construct ? own.apply(this, args) : own; };
    }
    engine.wake(0);
    used = [];
    var id = 1;
    var running = WebAssembly.promising(wasm.run)(id, promise);
    var seen = used.length;
    resolve(1);
  )js");
  EXPECT_EQ(EvalInt(realm_, "seen"), 0);
  Drain();
  EXPECT_EQ(Counts().live, 0);
}

TEST_F(SuspendTest, RefusesASecondSuspensionOfASuspendedFiber) {
  Eval(realm_, "var id = 1; start('run', id, promise); start('wait', id, promise)");
  Drain();
  EXPECT_EQ(Results(), "rejected: Error: blockon: a fiber that waits already cannot suspend");
  Eval(realm_, "resolve('first')");
  Drain();
  EXPECT_EQ(EvalText(realm_, "results[1]"), "first");
}

// V8 says so through the tag, and the guest can tell: decision 4 of the design rests on it.
TEST_F(SuspendTest, CannotSuspendOverAFrameOfJavaScript) {
  Eval(realm_, R"js(
    var id = 1, inner;
    start("through_js", () => { inner = wasm.wait_catching(id, promise); });
  )js");
  Drain();
  EXPECT_TRUE(EvalTrue(realm_, "inner instanceof WebAssembly.SuspendError"));
  EXPECT_EQ(EvalInt(realm_, "wasm.caught.value"), 1);
  EXPECT_EQ(Results(), "undefined");
}

TEST_F(SuspendTest, CannotSuspendACallThatIsNotPromising) {
  Eval(realm_, "var id = 1");
  EXPECT_TRUE(EvalTrue(realm_, "wasm.wait_catching(id, promise) instanceof WebAssembly.SuspendError"));
}

TEST_F(SuspendTest, WaitsForAPromiseOfAnotherRealm) {
  const v8::Local<v8::Context> other = NewRealm();
  SetGlobal(realm_, "foreign", Eval(other, "var all = Promise.withResolvers(); all.promise"));
  Eval(realm_, "start('run', 1, foreign)");
  Drain();
  EXPECT_EQ(Results(), "");
  Eval(other, "all.resolve('from there')");
  Drain();
  EXPECT_EQ(Results(), "from there");
}

// The engine goes while stacks are suspended: what they wake to throws, and nothing is touched that is gone.
TEST_F(SuspendTest, OutlivesItsEnginesEnd) {
  Eval(realm_, "start('wait', 1, promise); start('wait', 2, Promise.reject('a reason')); start('wait', 3, null)");
  engine_->Dispose();
  Eval(realm_, "resolve('too late')");
  EXPECT_EQ(EvalInt(realm_, "engine.wake(3)"), 1);
  Drain();
  const std::string disposed = "rejected: Error: blockon: this realm's engine is disposed";
  EXPECT_EQ(EvalText(realm_, "results.sort(); [...new Set(results)].join()"), disposed);
  EXPECT_EQ(EvalInt(realm_, "results.length"), 3);
  Eval(realm_, "results = []; start('wait', 4, Promise.resolve(1)); start('wait', 5, null)");
  Drain();
  EXPECT_EQ(Results(), disposed + "; " + disposed);
}

TEST_F(SuspendTest, LetsEachInterpreterNumberItsOwnFibers) {
  NewInterpreter(engine_, "second");
  Eval(realm_, R"js(
    var other = new WebAssembly.Instance(fibers, { engine: second, test: { call: (f) => f() } }).exports;
    start("run", 1, null);
    WebAssembly.promising(other.run)(1, promise).then((value) => results.push(`other: ${value}`));
  )js");
  EXPECT_EQ(EvalInt(realm_, "second.wake(2) * 10 + engine.wake(1)"), 1);
  Drain();
  EXPECT_EQ(Results(), "undefined");
  Eval(realm_, "resolve('its own')");
  Drain();
  EXPECT_EQ(Results(), "undefined; other: its own");
}

// Nothing but the engine refers to this promise, and nothing but the promise to the stack.
TEST_F(SuspendTest, KeepsASuspendedStackOverACollection) {
  Eval(realm_, "var id = 1; start('run', id, null); undefined");
  Drain();
  CollectGarbage();
  EXPECT_EQ(EvalInt(realm_, "engine.wake(id)"), 1);
  Drain();
  EXPECT_EQ(Results(), "undefined");
}

}  // namespace
}  // namespace blockon
