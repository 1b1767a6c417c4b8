// What an engine has for the limits of its realm: the meter by which another thread sees what it uses, and how large the memory of an
// interpreter may become. A thread with several engines has a meter for each.
//
// Owner: one Engine, on its isolate's thread. As for slices.h: the meter keeps the memory's bytes and no object of V8's, and what the
// guest says of its addresses is checked once.
#ifndef BLOCKON_JSPI_ENGINE_LIMITS_H_
#define BLOCKON_JSPI_ENGINE_LIMITS_H_

#include <v8.h>

#include <memory>
#include <optional>

#include "jspi/engine/fiber_counter.h"
#include "jspi/engine/full_heap.h"
#include "jspi/engine/realm_end.h"
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

  // The id of the meter of this realm, which is made at the first call: for a Worker's thread. From then on the thread ends when V8's
  // heap is full or its ArrayBuffers are found to hold too much (full_heap.h), and others can have what runs of this realm end (realm_end.h).
  uint32_t MeterId(v8::Local<v8::Context> realm);
  // What the thread spends from now on is this realm's. Without a meter, nothing.
  void Enter() {
    if (meter_) meter_->Enter();
  }

  // As long as its lock is held, nobody's question is written into the memory that was to be watched. No other engine's waits.
  [[nodiscard]] ThreadMeter::Quiet KeepFromAsking();

  // After it, nothing of this engine's is looked at or kept.
  void Dispose();

 private:
  const uint64_t heap_bytes_;
  const FiberCounter* const fibers_;
  std::optional<ThreadMeter> meter_;
  std::optional<RealmEnd> realm_end_;
  std::shared_ptr<FullHeapEnd> heap_end_;
  bool disposed_ = false;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_LIMITS_H_
