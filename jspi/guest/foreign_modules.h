// The two wasm modules that are made for a signature (foreign_signature.h) while the interpreter runs.
//
// Wasm has no call with a signature that is known only at run time, and there are too many signatures to have a function for
// each beforehand. So the bytes of a module are put together here, and the glue has V8 compile them. Frames of these modules
// are wasm, so V8 suspends through them. They import memory, table and stack pointer from "e" by one letter each.
//
// The call module's function is a Caller. C code calls functions by another type than they have now and then, which
// JavaScript allows and wasm does not (Python's ctypes takes an int as the result of every function that it is told nothing
// of, and most have none). So the function looks at the type first, takes one that differs only in the result as well,
// and reports any other.
//
// The closure module's function has the signature itself. It takes up C stack, as any C function with
// addressable locals: lays its arguments out in 8 bytes each, calls blockon_enter_closure with its closure, which the
// instance's global "c" holds, and returns what that has left as the result. When an exception passes, the stack pointer stays
// where it is, as in all of the C code: who catches sets it.
#ifndef BLOCKON_JSPI_GUEST_FOREIGN_MODULES_H_
#define BLOCKON_JSPI_GUEST_FOREIGN_MODULES_H_

#include <stdint.h>

#include "wasm_writer.h"

namespace blockon {

// Enough for any signature of this length.
constexpr uint32_t CallModuleCapacity(uint32_t length) { return 512 + 48 * length; }
constexpr uint32_t ClosureModuleCapacity(uint32_t length) { return 256 + 16 * length; }

void WriteCallModule(WasmWriter& out, const char* signature, uint32_t length);
void WriteClosureModule(WasmWriter& out, const char* signature, uint32_t length);

// A module for no signature: its function tells of one in a slot how many arguments it takes, if that are at most three and these and its
// result of 32 bits each; -1 of any other.
constexpr uint32_t kCountModuleCapacity = 256;
void WriteCountModule(WasmWriter& out);

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_FOREIGN_MODULES_H_
