// Reading and writing modules the one way that Pyodide's need.
//
// Pyodide's wasm has no target_features section, so the features are set here: what Emscripten turned on, and no
// more. With all features on, Binaryen writes encodings that V8 refuses.
#ifndef BLOCKON_JSPI_PASSES_MODULE_IO_H_
#define BLOCKON_JSPI_PASSES_MODULE_IO_H_

#include <memory>
#include <string>

#include "wasm.h"

namespace blockon {

// A binary or text module. Throws PassError.
std::unique_ptr<wasm::Module> ReadModule(const std::string& path);

// Writes to a temporary file beside `path` and renames it: no reader ever sees half a module. Throws PassError.
void WriteModule(wasm::Module& module, const std::string& path, bool text);

}  // namespace blockon

#endif  // BLOCKON_JSPI_PASSES_MODULE_IO_H_
