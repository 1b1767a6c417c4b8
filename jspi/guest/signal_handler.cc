// Signal handlers, in place of Emscripten's __call_sighandler (patches/314.0.7/routes.txt): C's handler is called by
// wasm, so that what it calls can be suspended. CPython's notes the signal for the main thread. Called on the stack that raised it.
#include "fiber.h"
#include "interruption.h"

extern "C" {

__attribute__((visibility("default"))) void blockon_call_sighandler(void (*handler)(int), int signal) {
  handler(signal);
  const blockon::Fiber* fiber = blockon::Fiber::Current();
  if (fiber && fiber->thread()) blockon::TellMainThread();
}

}  // extern "C"
