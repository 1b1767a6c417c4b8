#include "jspi/engine/loop_turns.h"

#include <node.h>

#include "ctests/engine/engine_test.h"

namespace blockon {
namespace {

class LoopTurnsTest : public EngineTest {
 protected:
  LoopTurnsTest() : realm_(NewRealm()) { NewEngine(realm_); }

  double Turn() { return Eval(realm_, "engine.host_turn()").As<v8::Number>()->Value(); }

  const v8::Local<v8::Context> realm_;
  uv_loop_t* const loop_ = node::GetCurrentEventLoop(isolate_);
};

TEST_F(LoopTurnsTest, StayWhileTheLoopDoesNotTurn) {
  const double turn = Turn();
  Drain();
  EXPECT_EQ(Turn(), turn);
  EXPECT_EQ(static_cast<double>(LoopTurns(loop_)), turn);
}

TEST_F(LoopTurnsTest, ChangeWithEachTurn) {
  const double turn = Turn();
  uv_run(loop_, UV_RUN_NOWAIT);
  const double next = Turn();
  EXPECT_GT(next, turn);
  uv_run(loop_, UV_RUN_NOWAIT);
  EXPECT_GT(Turn(), next);
}

TEST_F(LoopTurnsTest, AreTheSameForAllThatIsCalledInOne) {
  struct Seen {
    uv_loop_t* loop;
    uint64_t event = 0;
    uint64_t check = 1;
    int open = 2;
  } seen{.loop = loop_};
  uv_async_t event;
  uv_check_t check;
  uv_async_init(loop_, &event, [](uv_async_t* handle) {
    auto* const at = static_cast<Seen*>(handle->data);
    at->event = LoopTurns(at->loop);
  });
  uv_check_init(loop_, &check);
  event.data = check.data = &seen;
  uv_check_start(&check, [](uv_check_t* handle) {
    auto* const at = static_cast<Seen*>(handle->data);
    at->check = LoopTurns(at->loop);
  });
  uv_async_send(&event);
  uv_run(loop_, UV_RUN_NOWAIT);
  EXPECT_EQ(seen.event, seen.check);
  for (auto* handle : {reinterpret_cast<uv_handle_t*>(&event), reinterpret_cast<uv_handle_t*>(&check)}) {
    uv_close(handle, [](uv_handle_t* closed) { static_cast<Seen*>(closed->data)->open--; });
  }
  while (seen.open > 0) uv_run(loop_, UV_RUN_NOWAIT);
}

}  // namespace
}  // namespace blockon
