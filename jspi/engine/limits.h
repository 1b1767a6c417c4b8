// What an engine has for the limits of its realm: the meter by which another thread sees what this one uses, and how large the memory of
// an interpreter may become.
//
// Owner: one Engine, on its isolate's thread. As for slices.h: the meter keeps the memory's bytes and no object of V8's, and what the
// guest says of its addresses is checked once.
#ifndef BLOCKON_JSPI_ENGINE_LIMITS_H_
#define BLOCKON_JSPI_ENGINE_LIMITS_H_

#include <node.h>
#include <v8.h>

#include <optional>

#include "jspi/engine/fiber_counter.h"
#include "jspi/util/thread_meter.h"

namespace blockon {

class Limits {
 public:
  // `heap_bytes`: of Python's memory without the stacks of its fibers; 0 for all that there can be. `fibers` has to outlive this.
  Limits(uint64_t heap_bytes, const FiberCounter* fibers) : heap_bytes_(heap_bytes), fibers_(fibers) {}

  // (WebAssembly.Memory, number address): LimitWords are there. A TypeError for what is no memory or no part of it.
  static void WatchCallback(const v8::FunctionCallbackInfo<v8::Value>& info);
  // () -> number: bytes that a memory of this realm may have now.
  static void HeapMaxCallback(const v8::FunctionCallbackInfo<v8::Value>& info);

  // The id of the meter of this thread, which is made at the first call: for a Worker's thread. From then on the thread ends when V8's
  // heap is full, where V8 would end the process if what is asked for at that moment is large.
  uint32_t MeterId(v8::Isolate* isolate);

  // As long as its lock is held, nobody's question is written into the memory that was to be watched. No other engine's waits.
  [[nodiscard]] ThreadMeter::Quiet KeepFromAsking();

  // After it, nothing of this engine's is looked at or kept.
  void Dispose();

 private:
  static size_t NearHeapLimit(void* data, size_t current, size_t initial);

  const uint64_t heap_bytes_;
  const FiberCounter* const fibers_;
  std::optional<ThreadMeter> meter_;
  v8::Isolate* isolate_ = nullptr;
  node::Environment* environment_ = nullptr;
  bool disposed_ = false;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_LIMITS_H_
