// Has a function called by the event loop, as any thread asks.
//
// Owner: the caller, on the loop's thread, where it is destroyed too; no thread may call Wake() then. libuv holds on to the handle for a
// turn of the loop longer, which the HandleCount tells.
#ifndef BLOCKON_JSPI_ENGINE_LOOP_WAKER_H_
#define BLOCKON_JSPI_ENGINE_LOOP_WAKER_H_

#include <uv.h>

#include <functional>
#include <memory>
#include <utility>

#include "jspi/net/handle_count.h"

namespace blockon {

class LoopWaker {
 public:
  LoopWaker(uv_loop_t* loop, std::shared_ptr<HandleCount> handles, std::function<void()> on_wake)
      : handle_(new Handle{.owner = this, .handles = std::move(handles)}), on_wake_(std::move(on_wake)) {
    uv_async_init(loop, &handle_->async, [](uv_async_t* async) {
      LoopWaker* owner = static_cast<Handle*>(async->data)->owner;
      if (owner) owner->on_wake_();
    });
    handle_->async.data = handle_;
    handle_->handles->Add();
    Hold(false);
  }
  ~LoopWaker() {
    handle_->owner = nullptr;
    uv_close(reinterpret_cast<uv_handle_t*>(&handle_->async), [](uv_handle_t* closed) {
      const std::unique_ptr<Handle> handle(static_cast<Handle*>(closed->data));
      handle->handles->Remove();
    });
  }
  LoopWaker(const LoopWaker&) = delete;
  LoopWaker& operator=(const LoopWaker&) = delete;

  // On any thread: it is called once after this, for several of these at once perhaps.
  void Wake() { uv_async_send(&handle_->async); }

  // Whether the loop is kept alive for it; not at first.
  void Hold(bool hold) {
    auto* handle = reinterpret_cast<uv_handle_t*>(&handle_->async);
    hold ? uv_ref(handle) : uv_unref(handle);
  }

 private:
  struct Handle {
    uv_async_t async{};
    LoopWaker* owner;
    std::shared_ptr<HandleCount> handles;
  };

  Handle* const handle_;
  const std::function<void()> on_wake_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_LOOP_WAKER_H_
