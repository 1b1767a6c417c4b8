// A wasm file, compiled once for all isolates of the process: its code is in memory once, however many Workers run it.
//
// Its code may come from a file, and go into one (module_code.h). What is shared stays as long as somebody holds it, which is each of Node's environments that has the addon: the server's own has it
// to its end, so a Worker that starts when no other runs finds it, too. V8 cannot end before it is released.
#ifndef BLOCKON_JSPI_ENGINE_SHARED_MODULE_H_
#define BLOCKON_JSPI_ENGINE_SHARED_MODULE_H_

#include <v8.h>

#include <cstdint>
#include <string>
#include <vector>

#include "jspi/util/keyed_file.h"

namespace blockon {

class SharedModulesHold {
 public:
  SharedModulesHold();
  SharedModulesHold(const SharedModulesHold&) = delete;
  SharedModulesHold& operator=(const SharedModulesHold&) = delete;
  ~SharedModulesHold();
};

// () -> WebAssembly.Module of the file that is the function's own, born in the current context. Throws.
void SharedModuleCallback(const v8::FunctionCallbackInfo<v8::Value>& info);

// (name: string, memory has it: boolean) -> WebAssembly.Module of the library that has that name in the function's own object, whose values are
// files; undefined for another. Throws. Where the memory has its data, the module has none: its instance would write each page of them.
void LibraryModuleCallback(const v8::FunctionCallbackInfo<v8::Value>& info);

// The module of a library that is a part of an image of files: `size` bytes of it from `at` on. Empty with an exception pending.
v8::MaybeLocal<v8::WasmModuleObject> SharedImageModule(v8::Isolate* isolate, const OpenKeyedFile& image, uint64_t at,
                                                       uint64_t size, bool has_data);

// () -> [[function, ...], [address, ...]]: names that the libraries ask for which this process has compiled last for a memory that has their data
// (AskedSymbols): who waits for such a memory has them at hand.
void LibrarySymbolsCallback(const v8::FunctionCallbackInfo<v8::Value>& info);

// An object for LibraryModuleCallback(). `libraries` are names and files by turns.
v8::Local<v8::Object> LibraryFiles(v8::Isolate* isolate, const std::vector<std::string>& libraries);

// Has such an object have more.
void AddLibraryFiles(v8::Local<v8::Context> context, v8::Local<v8::Object> files,
                     const std::vector<std::string>& libraries);

// Empty with an exception pending.
v8::MaybeLocal<v8::WasmModuleObject> SharedModule(v8::Isolate* isolate, const std::string& file);

// A file of code, and the key that it is bound to (jspi/util/keyed_file.h).
struct CodePlace {
  std::string file;
  std::string key;
};

// The module of `file` will have its code loaded: its bytes go to V8 meanwhile, by a thread of their own (module_code.h). Of one module; the last
// that is asked for, in a process that has compiled it no more.
void FeedSharedModule(const std::string& file);

// Lets go of such bytes, for which nobody has asked.
void DropFedModule();

// The module of `file` is about to have its code loaded by this thread: others that want it wait for it, up to a time.
void AwaitSharedModule(const std::string& file);

// Has the module of `file` the code that is in `place`, unless it is compiled already. Why it has not, or "". In a context.
std::string LoadSharedModule(v8::Isolate* isolate, const std::string& file, const CodePlace& place);

// Writes the code that the module of `file` has by now. Why it could not be, or "".
std::string SaveSharedModule(const std::string& file, const CodePlace& place);

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_SHARED_MODULE_H_
