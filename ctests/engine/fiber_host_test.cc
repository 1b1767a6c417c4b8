#include "jspi/engine/fiber_host.h"

#include "ctests/engine/engine_test.h"

namespace blockon {
namespace {

class FiberHostTest : public EngineTest {
 protected:
  FiberHostTest() : realm_(NewRealm()), engine_(NewEngine(realm_, {.max_fibers = 3})) {}

  // fiber_transition(id, state), for each of the states.
  bool Step(int id, std::initializer_list<int> states) {
    bool all = true;
    for (int state : states) {
      const int allowed =
          EvalInt(realm_, "engine.fiber_transition(" + std::to_string(id) + ", " + std::to_string(state) + ")");
      EXPECT_TRUE(allowed == 0 || allowed == 1);
      all &= allowed == 1;
    }
    return all;
  }
  int New() { return EvalInt(realm_, "engine.fiber_new()"); }
  const FiberTable& table() const { return engine_->fibers().table(); }

  const v8::Local<v8::Context> realm_;
  Engine* const engine_;
};

TEST_F(FiberHostTest, TakesAFiberThroughItsLife) {
  const int id = New();
  EXPECT_GT(id, 0);
  EXPECT_EQ(table().StateOf(id), FiberState::kFresh);
  EXPECT_TRUE(Step(id, {1}));
  EXPECT_EQ(table().StateOf(id), FiberState::kRunning);
  EXPECT_TRUE(Step(id, {2, 3}));
  EXPECT_EQ(table().StateOf(id), FiberState::kResuming);
  EXPECT_TRUE(Step(id, {1, 4}));
  EXPECT_FALSE(table().IsLive(id));
  EXPECT_EQ(table().created(), 1);
}

TEST_F(FiberHostTest, RefusesIllegalTransitions) {
  const int id = New();
  for (int state : {0, 2, 3}) EXPECT_FALSE(Step(id, {state})) << state;
  EXPECT_EQ(table().StateOf(id), FiberState::kFresh);
  const int other = New();
  EXPECT_TRUE(Step(id, {1}));
  EXPECT_FALSE(Step(other, {1}));
  EXPECT_EQ(table().current(), id);
}

TEST_F(FiberHostTest, RefusesArgumentsThatAreNoFiberOrNoState) {
  const int id = New();
  const std::string fiber = std::to_string(id);
  for (const std::string& arguments :
       {fiber + ", 5", fiber + ", -1", fiber + ", 256", fiber + ", 257", fiber + ", 1.5", fiber + ", '1'", fiber,
        std::string("0, 1"), std::string("-1, 1"), std::string("99, 1"), std::string("'1', 1"), std::string("")}) {
    EXPECT_EQ(EvalInt(realm_, "engine.fiber_transition(" + arguments + ")"), 0) << arguments;
  }
  EXPECT_EQ(table().StateOf(id), FiberState::kFresh);
}

TEST_F(FiberHostTest, ResumesASuspendedFiberInOneCall) {
  const int id = New();
  EXPECT_TRUE(Step(id, {1, 2}));
  EXPECT_EQ(EvalInt(realm_, "engine.fiber_resume(1)"), 1);
  EXPECT_EQ(table().StateOf(id), FiberState::kRunning);
  EXPECT_EQ(table().current(), id);
}

TEST_F(FiberHostTest, ResumesNothingElse) {
  const int fresh = New(), suspended = New();
  ASSERT_EQ(fresh, 1);
  EXPECT_TRUE(Step(suspended, {1, 2}));
  for (const char* id : {"1", "0", "-1", "99", "'2'", ""}) {
    EXPECT_EQ(EvalInt(realm_, std::string("engine.fiber_resume(") + id + ")"), 0) << id;
  }
  EXPECT_EQ(table().StateOf(fresh), FiberState::kFresh);
  // Not while another one runs, and not when it runs already.
  EXPECT_TRUE(Step(fresh, {1}));
  EXPECT_EQ(EvalInt(realm_, "engine.fiber_resume(2) + engine.fiber_resume(1)"), 0);
  EXPECT_EQ(table().StateOf(suspended), FiberState::kSuspended);
  EXPECT_EQ(table().current(), fresh);
}

TEST_F(FiberHostTest, GivesZeroAtTheLimit) {
  for (int i = 0; i < 3; i++) EXPECT_GT(New(), 0);
  EXPECT_EQ(New(), 0);
  EXPECT_TRUE(Step(2, {4}));
  EXPECT_EQ(New(), 2);
}

TEST_F(FiberHostTest, PassesTheLimitWhereItIsAskedTo) {
  for (int i = 0; i < 3; i++) EXPECT_GT(New(), 0);
  EXPECT_EQ(New(), 0);
  EXPECT_EQ(EvalInt(realm_, "engine.fiber_new(1)"), 4);
  EXPECT_EQ(table().live(), 4);
  EXPECT_EQ(EvalInt(realm_, "engine.fiber_limit()"), 3);
}

TEST_F(FiberHostTest, CountsEachRealmForItself) {
  New();
  const v8::Local<v8::Context> other = NewRealm();
  const Engine* second = NewEngine(other);
  EXPECT_EQ(second->fibers().table().live(), 0);
  EXPECT_EQ(EvalInt(other, "engine.fiber_transition(1, 1)"), 0);
  EXPECT_EQ(EvalInt(other, "engine.fiber_new()"), 1);
  EXPECT_EQ(table().live(), 1);
}

TEST_F(FiberHostTest, ThrowsAfterDispose) {
  New();
  engine_->Dispose();
  for (const char* call : {"fiber_new()", "fiber_limit()", "fiber_transition(1, 1)", "fiber_resume(1)"}) {
    EXPECT_EQ(EvalError(realm_, std::string("engine.") + call), "Error: blockon: this realm's engine is disposed")
        << call;
  }
  EXPECT_EQ(table().StateOf(1), FiberState::kFresh);
}

TEST_F(FiberHostTest, ThrowsErrorsOfItsRealm) {
  engine_->Dispose();
  EXPECT_TRUE(
      EvalTrue(realm_, "try { engine.fiber_new() } catch (e) { Object.getPrototypeOf(e) === Error.prototype }"));
}

}  // namespace
}  // namespace blockon
