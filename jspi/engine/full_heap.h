// What happens when V8's heap is full, or its ArrayBuffers hold too much: the thread ends, with all guests that it has. Once for an isolate,
// however many engines ask for it.
//
// V8 has no limit for what ArrayBuffers hold, which lies outside of its heap. So another thread asks this one to look, in an interrupt: where
// its JavaScript allocates on and never gives way, too.
//
// Owner: the engines that have asked, on their isolate's thread.
#ifndef BLOCKON_JSPI_ENGINE_FULL_HEAP_H_
#define BLOCKON_JSPI_ENGINE_FULL_HEAP_H_

#include <v8.h>

#include <memory>

#include "jspi/util/thread_meter.h"

namespace blockon {

// As long as somebody holds it, the thread ends when V8's heap is full, where V8 would end the process if what is asked for at that moment
// is large; and its meters are told (ThreadMeter::NoteFull).
class FullHeapEnd;
std::shared_ptr<FullHeapEnd> EndWhenHeapIsFull(v8::Isolate* isolate);

// On any thread, as long as the isolate is there: its thread looks at its ArrayBuffers, and ends where they hold more than there is room
// for. What somebody holds counts alone: V8 collects the rest before. Memories of WebAssembly that the realm has made are among them
// (own_memories.h); an interpreter's is not.
void LookAtBuffers(v8::Isolate* isolate, ThreadMeter::BufferRoom room);

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_FULL_HEAP_H_
