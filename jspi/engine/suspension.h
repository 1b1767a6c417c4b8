// The functions of suspension.js, made in one realm.
//
// Owner: one Engine, on its isolate's thread.
#ifndef BLOCKON_JSPI_ENGINE_SUSPENSION_H_
#define BLOCKON_JSPI_ENGINE_SUSPENSION_H_

#include <v8.h>

namespace blockon {

// Those of one interpreter.
struct SuspensionFunctions {
  v8::Local<v8::Function> suspend;
  v8::Local<v8::Function> pass;
  v8::Local<v8::Function> wake;
};

class Suspension {
 public:
  // Called before any code of the realm ran. False with a JavaScript exception pending.
  bool Init(v8::Local<v8::Context> realm);
  // For another interpreter of the realm. False with a JavaScript exception pending.
  bool NewFunctions(v8::Local<v8::Context> realm, SuspensionFunctions* functions) const;
  // After it nothing suspends, and what wakes throws. The realm's execution may be terminating.
  void Dispose(v8::Local<v8::Context> realm);

 private:
  v8::Global<v8::Function> new_functions_;
  v8::Global<v8::Function> dispose_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_SUSPENSION_H_
