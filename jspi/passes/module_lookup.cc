#include "jspi/passes/module_lookup.h"

namespace blockon {

wasm::Export* FindExport(wasm::Module& module, wasm::Name name, wasm::ExternalKind kind) {
  wasm::Export* found = module.getExportOrNull(name);
  return found && found->kind == kind ? found : nullptr;
}

wasm::Function* ExportedFunction(wasm::Module& module, wasm::Name name) {
  wasm::Export* found = FindExport(module, name, wasm::ExternalKind::Function);
  return found ? module.getFunction(*found->getInternalName()) : nullptr;
}

std::string ImportLabel(const wasm::Importable& import) {
  return import.module.toString() + "." + import.base.toString();
}

}  // namespace blockon
