// Structured cloning for a Worker's realm, by V8's own serializer: the work under its structuredClone and its message ports.
//
// Values are cloned within the realm that calls; nothing crosses to another. Objects of the web's classes are no plain objects:
// those whose prototype chain has a marked prototype are given to a function of the realm, which clones them or throws.
//
// The callbacks run on the isolate's thread. Cloning runs the realm's getters and nothing of the host's.
#ifndef BLOCKON_JSPI_ENGINE_STRUCTURED_CLONE_H_
#define BLOCKON_JSPI_ENGINE_STRUCTURED_CLONE_H_

#include <v8.h>

namespace blockon {

// (prototype): objects that inherit from it are given to `clone_marked`.
void MarkPrototypeCallback(const v8::FunctionCallbackInfo<v8::Value>& info);

// (value, array of ArrayBuffers to transfer, refuse(message), clone_marked(object)) -> the clone. What cannot be cloned is told to `refuse`,
// which throws. The buffers that are transferred are detached when the value was cloned, or else stay.
void StructuredCloneCallback(const v8::FunctionCallbackInfo<v8::Value>& info);

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_STRUCTURED_CLONE_H_
