// Finding a module's functions by the names that its users know: those of its exports and imports.
#ifndef BLOCKON_JSPI_PASSES_MODULE_LOOKUP_H_
#define BLOCKON_JSPI_PASSES_MODULE_LOOKUP_H_

#include <string>

#include "wasm.h"

namespace blockon {

// The export of this name and kind; null when there is none.
wasm::Export* FindExport(wasm::Module& module, wasm::Name name, wasm::ExternalKind kind);

// The function that is exported under this name; null when there is none.
wasm::Function* ExportedFunction(wasm::Module& module, wasm::Name name);

// "MODULE.NAME" of an imported item.
std::string ImportLabel(const wasm::Importable& import);

}  // namespace blockon

#endif  // BLOCKON_JSPI_PASSES_MODULE_LOOKUP_H_
