// The gate of a realm: whether WebAssembly in it may suspend (compatibility flag python_run_sync).
//
// V8 has stack switching always on, so the engine is the switch. It takes JSTag and Suspending of the realm when it
// is made, before any guest code ran there; a closed gate then removes Suspending and promising from the
// realm's WebAssembly, and hands out no suspending function.
#ifndef BLOCKON_JSPI_ENGINE_GATE_H_
#define BLOCKON_JSPI_ENGINE_GATE_H_

#include <v8.h>

namespace blockon {

class Gate {
 public:
  // False with a JavaScript exception pending when the realm's WebAssembly lacks what the gate needs.
  bool Init(v8::Local<v8::Context> context, bool open);

  bool open() const { return open_; }
  v8::Local<v8::Value> js_tag(v8::Isolate* isolate) const { return js_tag_.Get(isolate); }

  // `function` as an import that suspends the wasm that calls it; only through an open gate.
  v8::MaybeLocal<v8::Value> Suspending(v8::Local<v8::Context> context, v8::Local<v8::Function> function) const;

  // The import `suspend` where the gate is closed: throws, naming the flag.
  static void RefuseSuspendCallback(const v8::FunctionCallbackInfo<v8::Value>& info);

  void Reset();

 private:
  bool open_ = false;
  v8::Global<v8::Value> js_tag_;
  v8::Global<v8::Function> suspending_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_GATE_H_
