// What happens when V8's heap is full: the thread ends, with all guests that it has. Once for an isolate, however many engines ask for it.
//
// Owner: the engines that have asked, on their isolate's thread.
#ifndef BLOCKON_JSPI_ENGINE_FULL_HEAP_H_
#define BLOCKON_JSPI_ENGINE_FULL_HEAP_H_

#include <v8.h>

#include <memory>

namespace blockon {

// As long as somebody holds it, the thread ends when V8's heap is full, where V8 would end the process if what is asked for at that moment
// is large; and its meters are told (ThreadMeter::NoteHeapIsFull).
class FullHeapEnd;
std::shared_ptr<FullHeapEnd> EndWhenHeapIsFull(v8::Isolate* isolate);

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_FULL_HEAP_H_
