#include "jspi/engine/environment_end.h"

#include <utility>

namespace blockon {

void EndAfterHandles(v8::Isolate* isolate, std::shared_ptr<HandleCount> handles) {
  node::AddEnvironmentCleanupHook(
      isolate,
      [](void* data, void (*done)(void*), void* done_data) {
        const std::unique_ptr<std::shared_ptr<HandleCount>> owned(static_cast<std::shared_ptr<HandleCount>*>(data));
        (*owned)->WhenNone([done, done_data] { done(done_data); });
      },
      new std::shared_ptr<HandleCount>(std::move(handles)));
}

}  // namespace blockon
