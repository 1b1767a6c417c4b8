// Sections of a wasm binary.
#ifndef BLOCKON_JSPI_UTIL_WASM_SECTIONS_H_
#define BLOCKON_JSPI_UTIL_WASM_SECTIONS_H_

#include <string>
#include <string_view>

namespace blockon {

// The module without what writes to its memory when it is instantiated: its data segments, and a start function that only fills memory, as linkers
// make one for what is zeros (.bss). For an instance whose memory has all of it. What cannot be read is left as it is; whether code needs the segments
// (memory.init) is V8's to see.
std::string WithoutInitialMemory(std::string_view wasm);

}  // namespace blockon

#endif  // BLOCKON_JSPI_UTIL_WASM_SECTIONS_H_
