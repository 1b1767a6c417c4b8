// What an expression is known to be before the module runs.
#ifndef BLOCKON_JSPI_PASSES_CONSTANT_VALUE_H_
#define BLOCKON_JSPI_PASSES_CONSTANT_VALUE_H_

#include <cstdint>
#include <optional>

#include "wasm.h"

namespace blockon {

// Of an i32 that is a constant, a global that is one for good, or a sum or difference of such; empty for all others.
std::optional<uint32_t> ConstantValue(wasm::Module& module, wasm::Expression* expression);

}  // namespace blockon

#endif  // BLOCKON_JSPI_PASSES_CONSTANT_VALUE_H_
