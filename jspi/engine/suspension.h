// The functions of suspension.js, made in one realm.
//
// Owner: the caller, on the isolate's thread. Called before any code of the realm ran.
#ifndef BLOCKON_JSPI_ENGINE_SUSPENSION_H_
#define BLOCKON_JSPI_ENGINE_SUSPENSION_H_

#include <v8.h>

namespace blockon {

struct Suspension {
  v8::Local<v8::Function> suspend;
  v8::Local<v8::Function> wake;
};

// False with a JavaScript exception pending.
bool MakeSuspension(v8::Local<v8::Context> realm, Suspension* made);

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_SUSPENSION_H_
