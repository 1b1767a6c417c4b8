#include "jspi/engine/realm_guard.h"

#include <memory>

#include "ctests/engine/engine_test.h"
#include "jspi/engine/engine.h"
#include "jspi/engine/v8_compat.h"

namespace blockon {
namespace {

// A realm that is guarded, and what the host was told.
class RealmGuardTest : public EngineTest {
 protected:
  RealmGuardTest() : realm_(NewRealm()) {
    Eval(host_, "var told = []");
    const auto told = Eval(host_, "(text) => told.push(text)").As<v8::Function>();
    guard_ = std::make_unique<RealmGuard>(host_, realm_, told);
  }

  std::string Told() { return EvalText(host_, "told.join('|')"); }

  const v8::Local<v8::Context> realm_;
  std::unique_ptr<RealmGuard> guard_;
};

TEST_F(RealmGuardTest, TellsOfRejectionsThatNobodyHandles) {
  Eval(realm_,
       "Promise.reject(1); Promise.reject(new Error('two')); var late = Promise.reject(3); late.catch(() => {})");
  EXPECT_EQ(Told(), "");
  Drain();
  EXPECT_EQ(Told(), "1|Error: two");
  Drain();
  EXPECT_EQ(Told(), "1|Error: two");
}

TEST_F(RealmGuardTest, LooksAtNoPromise) {
  Eval(realm_,
       "var seen = 0; var promise = Promise.reject({ get stack() { seen++ }, toString() { seen++ } });"
       "Object.setPrototypeOf(promise, new Proxy({}, { get: () => { seen++ }, has: () => { seen++ } }))");
  Drain();
  EXPECT_NE(Told(), "");
  EXPECT_TRUE(EvalTrue(realm_, "seen === 0"));
}

TEST_F(RealmGuardTest, CutsManyRejectionsShort) {
  Eval(realm_, "for (let i = 0; i < 1000; i++) Promise.reject(i)");
  Drain();
  EXPECT_TRUE(EvalTrue(host_, "told.length === 101"));
  EXPECT_TRUE(EvalTrue(host_, "told[100] === '(and 900 more)'"));
}

TEST_F(RealmGuardTest, MakesTextsOfStacksWithoutTheHost) {
  SetGlobal(host_, "callback", Eval(realm_, "(function inRealm() { return new Error('what').stack })"));
  Eval(host_, "var vm = process.getBuiltinModule('node:vm')");
  Eval(host_, "var inHost = vm.runInThisContext('(function inHost() { return callback() })', '/host/path.js')");
  // V8 compiles what is called often, and then counts it among the frames whatever its token.
  const std::string stack = EvalText(host_, "for (let i = 0; i < 3000; i++) inHost(); inHost()");
  EXPECT_TRUE(stack.starts_with("Error: what\n    at inRealm")) << stack;
  EXPECT_EQ(stack.find("inHost"), std::string::npos) << stack;
  EXPECT_EQ(stack.find("/host/path.js"), std::string::npos) << stack;
}

TEST_F(RealmGuardTest, LeavesWhatAMessageSays) {
  EXPECT_TRUE(EvalTrue(
      realm_, "new Error('one\\ntwo (/three)\\n').stack.startsWith('Error: one\\ntwo (/three)\\n\\n    at ')"));
}

TEST_F(RealmGuardTest, BoundsTheText) {
  EXPECT_TRUE(EvalTrue(realm_, "new Error('x'.repeat(2 ** 28)).stack.length < 100"));
}

TEST_F(RealmGuardTest, GivesNoCallSites) {
  Eval(realm_, "var asked = 0; Error.prepareStackTrace = () => { asked++ }");
  EXPECT_TRUE(EvalTrue(realm_, "new Error('what').stack.startsWith('Error: what\\n    at ')"));
  EXPECT_TRUE(
      EvalTrue(realm_, "(() => { const o = {}; Error.captureStackTrace(o); return o.stack.includes('    at ') })()"));
  EXPECT_TRUE(EvalTrue(realm_, "asked === 0"));
}

TEST_F(RealmGuardTest, LeavesTheStacksOfTheHostToNode) {
  Eval(host_, "Error.prepareStackTrace = (error, sites) => sites.length");
  EXPECT_TRUE(EvalTrue(host_, "typeof new Error('what').stack === 'number'"));
  Eval(host_, "delete Error.prepareStackTrace");
}

TEST_F(RealmGuardTest, EndsWithItsOwner) {
  guard_.reset();
  Eval(realm_, "var handled = Promise.reject(1); handled.catch(() => {})");
  Drain();
  EXPECT_EQ(Told(), "");
}

TEST_F(RealmGuardTest, TellsNobodyOfARealmThatWasLeft) {
  Eval(realm_, "Promise.reject(1)");
  RealmGuard::Leave(realm_);
  RealmGuard::Leave(realm_);
  Drain();
  Eval(realm_, "Promise.reject(2); new Error('three').stack");
  Drain();
  EXPECT_EQ(Told(), "");
}

TEST_F(RealmGuardTest, KeepsNoRealmThatWasLeft) {
  v8::Global<v8::Context> weak;
  std::unique_ptr<RealmGuard> guard;
  {
    const v8::HandleScope handles(isolate_);
    const v8::Local<v8::Context> realm = NewRealm();
    guard = std::make_unique<RealmGuard>(host_, realm, Eval(host_, "() => {}").As<v8::Function>());
    weak.Reset(isolate_, realm);
    weak.SetWeak();
    RealmGuard::Leave(realm);
  }
  CollectGarbage();
  EXPECT_TRUE(weak.IsEmpty());
}

}  // namespace
}  // namespace blockon
