// What a thread that has nothing to do can give back of V8's heap: a start, and requests, leave a third of it to the collector, which V8 asks
// for when somebody allocates, and nobody does.
#ifndef BLOCKON_JSPI_ADDON_IDLE_HEAP_H_
#define BLOCKON_JSPI_ADDON_IDLE_HEAP_H_

#include <v8.h>

namespace blockon {

// collectWhenGrown(more, before) -> bytes: has V8 collect, in steps, where this isolate's heap has `more` bytes more than `before`, what the last
// call returned, and give back what is free then. For the next call.
void CollectWhenGrown(const v8::FunctionCallbackInfo<v8::Value>& info);

// collections() -> number: of this isolate's heap as a whole that have ended since the first call.
void Collections(const v8::FunctionCallbackInfo<v8::Value>& info);

// setStarting(whether): V8 counts the memory of the isolate's interpreter against the limit of its first collection, which would come in the midst of a
// start and find next to nothing. Meanwhile it waits, for some seconds at most, and as long as the heap does not grow by far more.
void SetStarting(const v8::FunctionCallbackInfo<v8::Value>& info);

}  // namespace blockon

#endif  // BLOCKON_JSPI_ADDON_IDLE_HEAP_H_
