// The membrane between a Worker's realm and the host: the only way in and out besides the wasm imports.
//
//   guest: bridge.call(op, ...)  --> host handler(op, ...)     guest: bridge.listen(fn)
//   guest: fn(op, ...)           <-- host: bridge.send(op, ...)
//
// What crosses is said in bridge_value.h. The functions on the guest's side are born in its realm, so what they throw is
// an error of that realm; of an error of the host only the message (and a standard name) goes over, of one of the
// guest only its text. A termination passes through untouched.
//
// Owner: the environment (Engine's cleanup hook deletes it). Isolate's thread only.
#ifndef BLOCKON_JSPI_ENGINE_BRIDGE_H_
#define BLOCKON_JSPI_ENGINE_BRIDGE_H_

#include <v8.h>

#include <cstdint>
#include <string_view>

namespace blockon {

class Bridge {
 public:
  // `stack_bytes` is the size of V8's stack in this thread, of which little is in use now; 0 when it is not known.
  Bridge(v8::Local<v8::Context> host, v8::Local<v8::Context> guest, v8::Local<v8::Function> handler,
         uint32_t stack_bytes);

  // Defines the guest's end {call, listen}, the codecs of text_codec.h and the functions of structured_clone.h as a hidden
  // property of the realm's global object. These do not cross; they are here because they too are born in the realm.
  void Install(std::string_view name);
  // The host's end {send, dispose}.
  v8::Local<v8::Object> NewHostEnd();

  void Dispose();

 private:
  static void CallCallback(const v8::FunctionCallbackInfo<v8::Value>& info);
  static void ListenCallback(const v8::FunctionCallbackInfo<v8::Value>& info);
  static void SendCallback(const v8::FunctionCallbackInfo<v8::Value>& info);
  static void DisposeCallback(const v8::FunctionCallbackInfo<v8::Value>& info);

  // Whether an operation of the host can run to its end from here. One that overflows the stack halfway leaves what it was
  // changing (a queue of the event loop) broken, so a guest that has used its stack up is refused before.
  bool HasStackForHost() const;
  // Calls `target` in `to` with copies of the arguments and returns a copy of its result to `from`.
  void Cross(const v8::FunctionCallbackInfo<v8::Value>& info, v8::Local<v8::Context> from, v8::Local<v8::Context> to,
             v8::Local<v8::Function> target, bool to_host);
  void Rethrow(v8::Local<v8::Context> from, v8::Local<v8::Context> to, v8::TryCatch* caught, bool to_host);

  v8::Global<v8::Context> host_;
  v8::Global<v8::Context> guest_;
  v8::Global<v8::Function> handler_;
  v8::Global<v8::Function> listener_;
  const uintptr_t stack_base_;
  const uint32_t stack_bytes_;
  bool disposed_ = false;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_BRIDGE_H_
