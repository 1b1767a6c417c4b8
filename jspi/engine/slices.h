// Has the process's slice clock (jspi/util/slice_clock.h) look at an interpreter, whose words for it are in the guest's memory.
//
// Owner: one Engine, on its isolate's thread. While the clock looks it keeps the memory's bytes, and no object of V8's; it ends to by
// itself when nothing runs. What the guest says of its addresses is checked once: a memory never becomes smaller.
#ifndef BLOCKON_JSPI_ENGINE_SLICES_H_
#define BLOCKON_JSPI_ENGINE_SLICES_H_

#include <v8.h>

namespace blockon {

class Slices {
 public:
  // (WebAssembly.Memory, number address): SliceWords are there. A TypeError for what is no memory or no part of it.
  // Where the system has no thread for the clock, stderr is told.
  static void WatchCallback(const v8::FunctionCallbackInfo<v8::Value>& info);

  // The clock looks at nothing of this engine's until it is asked again. Whether it may have written to a guest's memory since the last time.
  bool Leave();
  // After it the clock looks at nothing of this engine's.
  void Dispose();
  ~Slices() { Dispose(); }

 private:
  bool asked_ = false;  // since Leave()
  bool disposed_ = false;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_SLICES_H_
