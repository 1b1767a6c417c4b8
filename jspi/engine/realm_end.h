// Ends what one realm of a thread runs, where that does not end by itself, and has the thread go on with the others.
//
// V8 terminates whatever its isolate runs, and Node's own JavaScript among it. So another thread asks for an interrupt, in which the realm's
// thread looks whose code it is: the realm's own is terminated, up to where the host has called it. What it waits for goes on.
//
// Owner: one Engine, on its isolate's thread.
#ifndef BLOCKON_JSPI_ENGINE_REALM_END_H_
#define BLOCKON_JSPI_ENGINE_REALM_END_H_

#include <v8.h>

#include <cstdint>

namespace blockon {

class RealmEnd {
 public:
  RealmEnd(v8::Local<v8::Context> realm, uint32_t meter);
  RealmEnd(const RealmEnd&) = delete;
  RealmEnd& operator=(const RealmEnd&) = delete;
  ~RealmEnd();

  // On any thread, as long as the realm's meter is there. Nothing happens where the realm does not run by then.
  static void Request(v8::Isolate* isolate, uint32_t meter);

  // Where the host has called a realm, which has come to its end or was terminated: whether it was to be, by a RealmEnd. Then the thread goes
  // on. V8 terminates at its next look, which could be in the host's code.
  static bool Resume(v8::Isolate* isolate);
  // Whether what runs is about to be terminated: no code of the host's may be called.
  static bool IsUnderWay();

 private:
  static void OnInterrupt(v8::Isolate* isolate, void* meter);
  // V8 ends all microtasks that are left with the one that is terminated: those of one turn, which is one realm's.
  static void OnMicrotasksDone(v8::Isolate* isolate, void* data);

  v8::Isolate* const isolate_;
  const uint32_t meter_;
  v8::Global<v8::Context> realm_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_REALM_END_H_
