// The numbers of a realm's fibers: each interpreter counts its own in its linear memory (jspi/guest/fiber.h), and tells where.
//
// Owner: one Engine, on its isolate's thread. It keeps no memory alive. Reading runs no code of the realm.
#ifndef BLOCKON_JSPI_ENGINE_FIBER_COUNTER_H_
#define BLOCKON_JSPI_ENGINE_FIBER_COUNTER_H_

#include <v8.h>

#include <vector>

#include "jspi/util/fiber_counts.h"

namespace blockon {

class FiberCounter {
 public:
  // (WebAssembly.Memory, number address): a FiberCounts is there from now on; of one memory the last counts. A TypeError for what is
  // no memory or no part of it.
  static void AddCallback(const v8::FunctionCallbackInfo<v8::Value>& info);

  // The sum over the memories that are alive.
  FiberCounts Sum(v8::Isolate* isolate) const;

  // After it, AddCallback throws: the realm is being torn down.
  void Dispose() { disposed_ = true; }

 private:
  struct Place {
    v8::Global<v8::WasmMemoryObject> memory;  // weak
    size_t address;
  };

  std::vector<Place> places_;
  bool disposed_ = false;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_FIBER_COUNTER_H_
