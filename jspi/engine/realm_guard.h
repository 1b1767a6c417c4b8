// Keeps Node's own JavaScript away from the values of a Worker's realm.
//
// V8 has one set of callbacks for all contexts of an isolate, and Node's lead into its JavaScript: to make the text of an error's
// stack, and to see promises that are rejected and not handled. There code of the host would hold an object of the realm, and the
// least that it does with one runs code of the realm with something of the host's at hand: a lookup on a promise whose prototypes
// include a Proxy hands an array of the host's to a trap that is a Proxy itself; a stack that is full makes a RangeError of the host.
// So for the realm these two end here, in C++. The texts of its stacks leave the host's frames out, which say where things are; and
// there is no Error.prepareStackTrace, whose call sites would give functions away. A security token of its own keeps the host's
// JavaScript off its global object.
//
// Owner: the environment. Isolate's thread only, one for a realm; after it is made no JavaScript of the host's can reach the
// realm's global object. A realm that is not used any more is left: then nobody is told of it, and its guard does not keep it, but guards it
// until it is collected.
#ifndef BLOCKON_JSPI_ENGINE_REALM_GUARD_H_
#define BLOCKON_JSPI_ENGINE_REALM_GUARD_H_

#include <v8.h>

#include <list>
#include <unordered_map>

namespace blockon {

class RealmGuard {
 public:
  // `told` is called in the host with a line about each promise that nobody has handled when the microtasks have run.
  RealmGuard(v8::Local<v8::Context> host, v8::Local<v8::Context> realm, v8::Local<v8::Function> told);
  RealmGuard(const RealmGuard&) = delete;
  RealmGuard& operator=(const RealmGuard&) = delete;
  ~RealmGuard();

  // Nothing where it has no guard, or was left before.
  static void Leave(v8::Local<v8::Context> realm);

 private:
  struct Rejected {
    v8::Global<v8::Promise> promise;
    v8::Global<v8::Value> reason;
  };

  // Null for a context that no guard is for.
  static RealmGuard* Of(v8::MaybeLocal<v8::Context> context);
  static void OnReject(v8::PromiseRejectMessage message);
  static v8::MaybeLocal<v8::Value> StackText(v8::Local<v8::Context> context, v8::Local<v8::Value> error,
                                             v8::Local<v8::Array> sites);
  static void OnMicrotasksDone(v8::Isolate* isolate, void* data);

  void Forget(v8::Local<v8::Promise> promise);
  void Tell();

  v8::Isolate* const isolate_;
  v8::Global<v8::Context> host_;
  v8::Global<v8::Context> realm_;
  v8::Global<v8::Function> told_;
  std::list<Rejected> rejected_;
  // By the promise's hash.
  std::unordered_multimap<int, std::list<Rejected>::iterator> places_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_REALM_GUARD_H_
