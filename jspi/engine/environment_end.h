// What is to be done when the environment of an isolate, which is Node's, ends.
#ifndef BLOCKON_JSPI_ENGINE_ENVIRONMENT_END_H_
#define BLOCKON_JSPI_ENGINE_ENVIRONMENT_END_H_

#include <node.h>
#include <v8.h>

#include <memory>

#include "jspi/net/handle_count.h"

namespace blockon {

// Gives an object to the environment of this isolate, to be deleted with it.
template <typename T>
T* Register(v8::Isolate* isolate, std::unique_ptr<T> object) {
  T* raw = object.release();
  node::AddEnvironmentCleanupHook(isolate, [](void* data) { delete static_cast<T*>(data); }, raw);
  return raw;
}

// Has the environment end no sooner than libuv has closed these handles.
void EndAfterHandles(v8::Isolate* isolate, std::shared_ptr<HandleCount> handles);

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_ENVIRONMENT_END_H_
