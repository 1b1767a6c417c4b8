// All that differs between versions of V8, and the small helpers over its API that everything here uses.
//
// One way to open a MaybeLocal: `if (!maybe.ToLocal(&value)) return ...;` inside of a function that says by its
// return that a JavaScript exception is pending. Check() is for what cannot fail short of a broken isolate.
#ifndef BLOCKON_JSPI_ENGINE_V8_COMPAT_H_
#define BLOCKON_JSPI_ENGINE_V8_COMPAT_H_

#include <node.h>
#include <v8.h>

#include <string>
#include <string_view>

namespace blockon {

// External pointers are tagged since V8 14; one tag a class that we hang on a function.
enum class ExternalTag : uint16_t {
  kFiberCounter = 1,
  kBridge = 2,
  kEngine = 3,
  kAsyncContexts = 4,
  kSockets = 5,
  kSocketHost = 6,
  kTlsHost = 7,
  kSlices = 8,
  kSnapshots = 9,
  kThreadChannel = 10,
  kLimits = 11,
  kFileImages = 12,
  kCheckpoints = 13,
  kOwnMemories = 14,
};

template <typename T>
v8::Local<v8::External> WrapPointer(v8::Isolate* isolate, T* pointer, ExternalTag tag) {
  return v8::External::New(isolate, pointer, static_cast<v8::ExternalPointerTypeTag>(tag));
}

template <typename T>
T* UnwrapPointer(const v8::FunctionCallbackInfo<v8::Value>& info, ExternalTag tag) {
  return static_cast<T*>(info.Data().As<v8::External>()->Value(static_cast<v8::ExternalPointerTypeTag>(tag)));
}

inline v8::Local<v8::String> ToV8(v8::Isolate* isolate, std::string_view text) {
  return v8::String::NewFromUtf8(isolate, text.data(), v8::NewStringType::kNormal, static_cast<int>(text.size()))
      .ToLocalChecked();
}

inline std::string FromV8(v8::Isolate* isolate, v8::Local<v8::String> text) {
  std::string out(text->Utf8LengthV2(isolate), '\0');
  text->WriteUtf8V2(isolate, out.data(), out.size());
  return out;
}

// Throws in the current context, so that the error belongs to the realm whose function is running.
inline void ThrowError(v8::Isolate* isolate, std::string_view text) {
  isolate->ThrowException(v8::Exception::Error(ToV8(isolate, text)));
}
inline void ThrowTypeError(v8::Isolate* isolate, std::string_view text) {
  isolate->ThrowException(v8::Exception::TypeError(ToV8(isolate, text)));
}

// A function born in `context`, with no prototype to construct from.
inline v8::Local<v8::Function> NewFunction(v8::Local<v8::Context> context, v8::FunctionCallback callback,
                                           v8::Local<v8::Value> data) {
  return v8::Function::New(context, callback, data, 0, v8::ConstructorBehavior::kThrow).ToLocalChecked();
}

inline void SetProperty(v8::Local<v8::Context> context, v8::Local<v8::Object> object, std::string_view name,
                        v8::Local<v8::Value> value) {
  object->CreateDataProperty(context, ToV8(v8::Isolate::GetCurrent(), name), value).Check();
}

// The context whose global object this is; empty, with a TypeError pending, for anything else.
inline v8::MaybeLocal<v8::Context> ContextOfGlobal(v8::Isolate* isolate, v8::Local<v8::Value> value) {
  v8::Local<v8::Context> context;
  if (!value->IsObject() || !value.As<v8::Object>()->GetCreationContext(isolate).ToLocal(&context) ||
      !context->Global()->StrictEquals(value)) {
    ThrowTypeError(isolate, "the first argument must be the global object of a realm");
    return {};
  }
  return context;
}

// Defines a property of the realm's global object that no enumeration shows and that can be deleted again.
inline void DefineHiddenGlobal(v8::Local<v8::Context> context, std::string_view name, v8::Local<v8::Value> value) {
  context->Global()->DefineOwnProperty(context, ToV8(v8::Isolate::GetCurrent(), name), value, v8::DontEnum).Check();
}

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_V8_COMPAT_H_
