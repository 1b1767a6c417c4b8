// Giving pages of a wasm memory back to the system: the guest's free stacks (jspi/guest/stack_region.h).
//
// The callback is called from wasm, by way of the glue, which knows the memory. Isolate's thread; runs no JavaScript.
#ifndef BLOCKON_JSPI_ENGINE_MEMORY_RELEASE_H_
#define BLOCKON_JSPI_ENGINE_MEMORY_RELEASE_H_

#include <v8.h>

namespace blockon {

// (WebAssembly.Memory, number start, number size): the whole pages in that part of it become zeros. A TypeError for what is no
// memory or no part of it, or for one that is shared, which another thread may use.
void MemoryReleaseCallback(const v8::FunctionCallbackInfo<v8::Value>& info);

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_MEMORY_RELEASE_H_
