// Sections of a wasm binary.
#ifndef BLOCKON_JSPI_UTIL_WASM_SECTIONS_H_
#define BLOCKON_JSPI_UTIL_WASM_SECTIONS_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace blockon {

// The module without what writes to its memory when it is instantiated: its data segments, and a start function that only fills memory, as linkers
// make one for what is zeros (.bss). For an instance whose memory has all of it. What cannot be read is left as it is; whether code needs the segments
// (memory.init) is V8's to see.
std::string WithoutInitialMemory(std::string_view wasm);

// Whether the module defines a memory, imported ones apart. True of a module that cannot be read.
bool HasOwnMemory(std::string_view wasm);

// What a side module asks the main module for by its name, as Emscripten links it: functions it calls, and things of which it has the address, of
// functions too.
struct AskedSymbols {
  std::vector<std::string> functions;
  std::vector<std::string> addresses;
};

// At most so many of each kind. Nothing where the module cannot be read.
AskedSymbols SymbolsAskedBy(std::string_view wasm, std::size_t most);

}  // namespace blockon

#endif  // BLOCKON_JSPI_UTIL_WASM_SECTIONS_H_
