#include "ctests/engine/engine_test.h"

namespace blockon {
namespace {

class StackBudgetTest : public EngineTest {};

TEST_F(StackBudgetTest, TellsTheMainStackFromAFibers) {
  const v8::Local<v8::Context> realm = NewRealm();
  NewEngine(realm, {.main_stack_budget = 1024, .fiber_stack_budget = 4096});
  EXPECT_EQ(EvalInt(realm, "engine.stack_budget(0)"), 1024);
  EXPECT_EQ(EvalInt(realm, "engine.stack_budget(1)"), 4096);
}

TEST_F(StackBudgetTest, GivesTheMainStacksForAnyOtherKind) {
  const v8::Local<v8::Context> realm = NewRealm();
  NewEngine(realm, {.main_stack_budget = 1024, .fiber_stack_budget = 4096});
  for (const char* kind : {"2", "-1", "'1'", ""}) {
    EXPECT_EQ(EvalInt(realm, std::string("engine.stack_budget(") + kind + ")"), 1024) << kind;
  }
}

TEST_F(StackBudgetTest, IsWhatDefaultStacksOfV8CanFollowUnlessGiven) {
  const v8::Local<v8::Context> realm = NewRealm();
  NewEngine(realm);
  EXPECT_EQ(EvalInt(realm, "engine.stack_budget(0)"), 128 * 1024);
  EXPECT_EQ(EvalInt(realm, "engine.stack_budget(1)"), 128 * 1024);
}

}  // namespace
}  // namespace blockon
