#include "jspi/engine/module_code.h"

#include <memory>
#include <variant>

namespace blockon {
namespace {

v8::MemorySpan<const uint8_t> BytesOf(std::string_view bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

// What V8's callbacks say, which may outlive the call if V8 does not call them within it.
struct Outcome {
  bool accepted = false;
  v8::Global<v8::WasmModuleObject> module;
};

}  // namespace

v8::MaybeLocal<v8::WasmModuleObject> ModuleWithCode(v8::Isolate* isolate, std::string_view wasm, std::string_view code,
                                                    std::string* why) {
  const auto outcome = std::make_shared<Outcome>();
  v8::WasmModuleCompilation compilation;
  compilation.SetHasCompiledModuleBytes();
  compilation.OnBytesReceived(BytesOf(wasm).data(), wasm.size());
  compilation.Finish(
      isolate,
      [outcome, code](v8::WasmStreaming::ModuleCachingInterface& caching) {
        outcome->accepted = caching.SetCachedCompiledModuleBytes(BytesOf(code));
      },
      [outcome, isolate](std::variant<v8::Local<v8::WasmModuleObject>, v8::Local<v8::Value>> result) {
        if (std::holds_alternative<v8::Local<v8::WasmModuleObject>>(result)) {
          outcome->module.Reset(isolate, std::get<v8::Local<v8::WasmModuleObject>>(result));
        }
      });
  if (!outcome->accepted) {
    *why = "V8 does not take it: it is of another version of V8, other flags or another processor";
    return {};
  }
  if (outcome->module.IsEmpty()) {
    *why = "V8 makes no module of it";
    return {};
  }
  return outcome->module.Get(isolate);
}

}  // namespace blockon
