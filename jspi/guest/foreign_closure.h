// Closures: Python functions that C calls by a pointer (ctypes' CFUNCTYPE, cffi's callbacks).
//
// A closure has a slot of the table from ffi_closure_alloc to ffi_closure_free. What is put there is an instance of the
// module of its signature (foreign_modules.h), so that no frame between C and Python is JavaScript's.
#ifndef BLOCKON_JSPI_GUEST_FOREIGN_CLOSURE_H_
#define BLOCKON_JSPI_GUEST_FOREIGN_CLOSURE_H_

#include <stdint.h>

#include "ffi_types.h"

extern "C" {

// What every closure's code calls, on the stack that C called it on, with or without a Python thread state: `args` holds
// the wasm arguments in 8 bytes each; the result goes into the 8 bytes of `result`.
void blockon_enter_closure(ffi_closure* closure, uint64_t* result, const uint64_t* args);

}  // extern "C"

#endif  // BLOCKON_JSPI_GUEST_FOREIGN_CLOSURE_H_
