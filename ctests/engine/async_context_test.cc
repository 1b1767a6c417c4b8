#include "jspi/engine/async_context.h"

#include "ctests/engine/engine_test.h"

namespace blockon {
namespace {

class AsyncContextTest : public EngineTest {
 protected:
  AsyncContextTest() : realm_(NewRealm()), engine_(NewEngine(realm_)) {}
  ~AsyncContextTest() override { SetCurrent(v8::Undefined(isolate())); }

  static v8::Isolate* isolate() { return v8::Isolate::GetCurrent(); }
  static void SetCurrent(v8::Local<v8::Data> context) { isolate()->SetContinuationPreservedEmbedderDataV2(context); }
  static v8::Local<v8::Value> Current() { return isolate()->GetContinuationPreservedEmbedderDataV2().As<v8::Value>(); }
  static int CurrentNumber() { return Current()->IsInt32() ? Current().As<v8::Int32>()->Value() : -1; }
  int KeepOf(int context) {
    SetCurrent(v8::Integer::New(isolate(), context));
    return EvalInt(realm_, "engine.context_keep()");
  }
  void Enter(int number) { Eval(realm_, "engine.context_enter(" + std::to_string(number) + ")"); }

  const v8::Local<v8::Context> realm_;
  Engine* const engine_;
};

TEST_F(AsyncContextTest, KeepsNoneAsZero) {
  EXPECT_EQ(EvalInt(realm_, "engine.context_keep()"), 0);
  SetCurrent(v8::Integer::New(isolate(), 5));
  Enter(0);
  EXPECT_TRUE(Current()->IsUndefined());
}

TEST_F(AsyncContextTest, EntersWhatWasKept) {
  const int first = KeepOf(7), second = KeepOf(8);
  EXPECT_GT(first, 0);
  EXPECT_NE(first, second);
  SetCurrent(v8::Undefined(isolate()));
  Enter(first);
  EXPECT_EQ(CurrentNumber(), 7);
  CollectGarbage();
  Enter(second);
  EXPECT_EQ(CurrentNumber(), 8);
}

TEST_F(AsyncContextTest, GivesANumberAgainOnceItsContextWasEntered) {
  const int number = KeepOf(1);
  Enter(number);
  EXPECT_EQ(KeepOf(2), number);
  Enter(number);
  EXPECT_EQ(CurrentNumber(), 2);
}

TEST_F(AsyncContextTest, LetsGoOfWhatIsDropped) {
  const int number = KeepOf(1);
  SetCurrent(v8::Integer::New(isolate(), 2));
  Eval(realm_, "engine.context_drop(0); engine.context_drop(" + std::to_string(number) + ")");
  EXPECT_EQ(CurrentNumber(), 2);
  EXPECT_NE(EvalError(realm_, "engine.context_enter(" + std::to_string(number) + ")"), "");
  EXPECT_EQ(KeepOf(3), number);
}

TEST_F(AsyncContextTest, RefusesNumbersThatItDidNotGive) {
  const int number = KeepOf(1);
  Enter(number);
  for (const char* wrong : {"1", "2", "-1", "1.5", "4294967296", "'1'", ""}) {
    EXPECT_EQ(EvalError(realm_, std::string("engine.context_enter(") + wrong + ")"),
              "Error: blockon: this is no number of an asynchronous context that is kept")
        << wrong;
  }
  EXPECT_EQ(CurrentNumber(), 1);
}

TEST_F(AsyncContextTest, KeepsNothingAfterDispose) {
  const int number = KeepOf(1);
  engine_->Dispose();
  EXPECT_NE(EvalError(realm_, "engine.context_enter(" + std::to_string(number) + ")"), "");
}

}  // namespace
}  // namespace blockon
