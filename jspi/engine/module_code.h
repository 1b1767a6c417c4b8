// The machine code of a wasm module in a file, which V8 takes instead of compiling the module's functions as they are first called.
//
// It is what V8's optimizing compiler has made by the time that it is saved; the other functions are compiled as ever. V8 itself
// compares its version, its flags and the processor, and trusts the rest, so the file is one that is checked (jspi/util/keyed_file.h).
#ifndef BLOCKON_JSPI_ENGINE_MODULE_CODE_H_
#define BLOCKON_JSPI_ENGINE_MODULE_CODE_H_

#include <v8.h>

#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace blockon {

// The bytes of a wasm file on their way into V8, which copies them: half of what it takes to load a module's code, and it needs no isolate. Of one
// thread at a time.
class ModuleBytes {
 public:
  // Gives them to V8 before this returns, or, `aside`, by a thread of their own.
  ModuleBytes(std::string file, bool aside);
  ModuleBytes(const ModuleBytes&) = delete;
  ModuleBytes& operator=(const ModuleBytes&) = delete;
  // Waits for that thread.
  ~ModuleBytes();

  const std::string& file() const { return file_; }
  // When V8 has them all: what makes a module of them. Null with `*why` where they cannot be read. Once.
  std::unique_ptr<v8::WasmModuleCompilation> Take(std::string* why);

 private:
  void Give();

  const std::string file_;
  // The thread's until it has ended.
  std::unique_ptr<v8::WasmModuleCompilation> compilation_;
  std::string why_;
  std::thread thread_;
};

// The module of these bytes with that code, born in the current context; empty with `*why`, and no exception.
v8::MaybeLocal<v8::WasmModuleObject> ModuleWithCode(v8::Isolate* isolate, ModuleBytes* bytes, std::string_view code,
                                                    std::string* why);

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_MODULE_CODE_H_
