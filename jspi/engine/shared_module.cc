#include "jspi/engine/shared_module.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>

#include "jspi/engine/v8_compat.h"

namespace blockon {
namespace {

std::mutex mutex;
int holders = 0;
// Freed by the last holder alone: V8 waits at its end for each module that somebody has.
auto& compiled = *new std::map<std::string, v8::CompiledWasmModule>;

}  // namespace

SharedModulesHold::SharedModulesHold() {
  const std::lock_guard<std::mutex> lock(mutex);
  ++holders;
}

SharedModulesHold::~SharedModulesHold() {
  const std::lock_guard<std::mutex> lock(mutex);
  if (--holders == 0) compiled.clear();
}

v8::MaybeLocal<v8::WasmModuleObject> SharedModule(v8::Isolate* isolate, const std::string& file) {
  // Held while it is compiled: whoever comes meanwhile wants the same.
  const std::lock_guard<std::mutex> lock(mutex);
  const auto found = compiled.find(file);
  if (found != compiled.end()) return v8::WasmModuleObject::FromCompiledModule(isolate, found->second);
  std::ifstream stream(file, std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(stream), {});
  if (!stream) {
    ThrowError(isolate, file + " cannot be read: " + std::strerror(errno));
    return {};
  }
  v8::Local<v8::WasmModuleObject> module;
  const v8::MemorySpan<const uint8_t> span(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  if (!v8::WasmModuleObject::Compile(isolate, span).ToLocal(&module)) return {};
  compiled.emplace(file, module->GetCompiledModule());
  return module;
}

void SharedModuleCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  v8::Local<v8::WasmModuleObject> module;
  if (SharedModule(isolate, FromV8(isolate, info.Data().As<v8::String>())).ToLocal(&module)) {
    info.GetReturnValue().Set(module);
  }
}

}  // namespace blockon
