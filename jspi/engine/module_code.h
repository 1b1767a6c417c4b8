// The machine code of a wasm module in a file, which V8 takes instead of compiling the module's functions as they are first called.
//
// It is what V8's optimizing compiler has made by the time that it is saved; the other functions are compiled as ever. V8 itself
// compares its version, its flags and the processor, and trusts the rest, so the file is one that is checked (jspi/util/keyed_file.h).
#ifndef BLOCKON_JSPI_ENGINE_MODULE_CODE_H_
#define BLOCKON_JSPI_ENGINE_MODULE_CODE_H_

#include <v8.h>

#include <string>
#include <string_view>

namespace blockon {

// The module of a wasm file with that code, born in the current context; empty with `*why`, and no exception.
v8::MaybeLocal<v8::WasmModuleObject> ModuleWithCode(v8::Isolate* isolate, const std::string& wasm,
                                                    std::string_view code, std::string* why);

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_MODULE_CODE_H_
