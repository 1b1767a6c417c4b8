#include "jspi/passes/guest_resolver.h"

#include <algorithm>
#include <sstream>

#include "ir/module-utils.h"
#include "jspi/passes/guest_names.h"
#include "jspi/passes/module_lookup.h"
#include "jspi/passes/pass_error.h"

namespace blockon {

using namespace wasm;

GuestPlaces GuestResolver::Run() {
  FindPlaces();
  ResolveFunctions();
  ResolveGlobals();
  ResolveTags();
  ResolveMemoryAndTable();
  Refuse();
  NameOwnItems();
  return std::move(places_);
}

void GuestResolver::Problem(const std::string& text) { problems_.push_back(text); }

void GuestResolver::Refuse() {
  if (problems_.empty()) return;
  std::sort(problems_.begin(), problems_.end());
  std::string text = "the guest cannot be merged:";
  for (const std::string& problem : problems_) text += "\n  " + problem;
  throw PassError(text);
}

Expression* GuestResolver::Number(uint32_t value) { return builder_.makeConst(int32_t(value)); }

Global* GuestResolver::AddGlobal(const std::string& name, Expression* init, bool is_mutable) {
  return module_.addGlobal(
      Builder::makeGlobal(GuestName(name), Type::i32, init, is_mutable ? Builder::Mutable : Builder::Immutable));
}

void GuestResolver::FindPlaces() {
  if (module_.getExportOrNull("blockon_memory_base")) throw PassError("the module has a guest already");
  if (!FindExport(module_, "__wasm_call_ctors", ExternalKind::Function)) {
    throw PassError("the module exports no __wasm_call_ctors: it is not a main module of Emscripten's");
  }
  Export* table = FindExport(module_, "__indirect_function_table", ExternalKind::Table);
  if (!table) throw PassError("the module exports no __indirect_function_table");
  places_.table = module_.getTable(*table->getInternalName());
  places_.table_base = places_.table->initial;
  places_.next_slot = places_.table_base + guest_.dylinkSection->tableSize;
  places_.memory_base = AddGlobal("memory_base", Number(0), true)->name;
}

void GuestResolver::ResolveFunctions() {
  ModuleUtils::iterImportedFunctions(guest_, [&](Function* import) {
    if (import->module == "blockon") {
      places_.names[ModuleItemKind::Function][import->name] = GuestName(import->name);
      return;
    }
    const std::string label = ImportLabel(*import);
    Function* target = import->module == "env" ? ExportedFunction(module_, import->base) : nullptr;
    if (!target) {
      ModuleUtils::iterImportedFunctions(module_, [&](Function* other) {
        if (!target && other->module == import->module && other->base == import->base) target = other;
      });
    }
    if (!target) {
      Problem("function " + label + ": the module has none of this name");
    } else if (target->type.getHeapType() != import->type.getHeapType()) {
      std::ostringstream types;
      types << "function " << label << ": the guest takes it as " << import->type.getHeapType()
            << ", the module has it as " << target->type.getHeapType();
      Problem(types.str());
    } else {
      places_.names[ModuleItemKind::Function][import->name] = target->name;
    }
  });
}

void GuestResolver::ResolveGlobals() {
  ModuleUtils::iterImportedGlobals(guest_, [&](Global* import) {
    const std::string label = ImportLabel(*import);
    Name resolved;
    if (import->module == "GOT.mem") {
      resolved = ResolveDataAddress(import->base);
    } else if (import->module == "GOT.func") {
      resolved = ResolveFunctionAddress(import->base);
    } else if (import->module == "env" && import->base == "__memory_base") {
      resolved = places_.memory_base;
    } else if (import->module == "env" && import->base == "__table_base") {
      resolved = places_.table_base_global = AddGlobal("table_base", Number(places_.table_base), false)->name;
    } else if (Export* found = FindExport(module_, import->base, ExternalKind::Global)) {
      Global* global = module_.getGlobal(*found->getInternalName());
      if (global->type == import->type && global->mutable_ == import->mutable_) resolved = global->name;
    }
    if (!resolved.is()) {
      Problem("global " + label + ": the module has none of this name and type");
    } else {
      places_.names[ModuleItemKind::Global][import->name] = resolved;
    }
  });
}

Name GuestResolver::ResolveDataAddress(Name symbol) {
  if (Export* found = FindExport(module_, symbol, ExternalKind::Global)) {
    Global* global = module_.getGlobal(*found->getInternalName());
    if (global->imported() || global->mutable_ || !global->init->is<Const>()) return {};
    const uint32_t address = global->init->cast<Const>()->value.geti32();
    return AddGlobal("GOT.mem." + symbol.toString(), Number(address), false)->name;
  }
  if (Export* found = FindExport(guest_, symbol, ExternalKind::Global)) {
    Global* global = guest_.getGlobal(*found->getInternalName());
    if (global->imported() || !global->init->is<Const>()) return {};
    Name name = AddGlobal("GOT.mem." + symbol.toString(), Number(0), true)->name;
    places_.own_addresses.push_back({name, uint32_t(global->init->cast<Const>()->value.geti32())});
    return name;
  }
  return {};
}

Name GuestResolver::ResolveFunctionAddress(Name symbol) {
  Name target;
  if (Function* function = ExportedFunction(module_, symbol)) {
    target = function->name;
  } else if (Function* own = ExportedFunction(guest_, symbol)) {
    target = GuestName(own->name);
  } else {
    return {};
  }
  uint32_t slot = FindSlot(target);
  if (!slot) {
    slot = places_.next_slot++;
    places_.new_slots.push_back(target);
  }
  return AddGlobal("GOT.func." + symbol.toString(), Number(slot), false)->name;
}

uint32_t GuestResolver::FindSlot(Name target) const {
  for (const auto& segment : module_.elementSegments) {
    if (segment->table != places_.table->name || !segment->offset->is<Const>()) continue;
    for (size_t i = 0; i < segment->data.size(); i++) {
      const auto* reference = segment->data[i]->dynCast<RefFunc>();
      if (reference && reference->func == target) {
        return segment->offset->cast<Const>()->value.geti32() + uint32_t(i);
      }
    }
  }
  return 0;
}

void GuestResolver::ResolveTags() {
  ModuleUtils::iterImportedTags(guest_, [&](Tag* import) {
    if (import->base == "__blockon_jstag") {
      Tag* tag = ModuleUtils::copyTag(import, module_);
      places_.names[ModuleItemKind::Tag][import->name] = tag->name = GuestName("JSTag");
      tag->module = "blockon";
      tag->base = "JSTag";
      module_.updateMaps();
      return;
    }
    Export* found = FindExport(module_, import->base, ExternalKind::Tag);
    if (!found || module_.getTag(*found->getInternalName())->type != import->type) {
      Problem("tag env." + import->base.toString() + ": the module has none of this name and type");
    } else {
      places_.names[ModuleItemKind::Tag][import->name] = *found->getInternalName();
    }
  });
}

void GuestResolver::ResolveMemoryAndTable() {
  if (!guest_.memories.empty()) {
    Export* memory = FindExport(module_, "memory", ExternalKind::Memory);
    if (!guest_.memories[0]->imported()) Problem("memory: the guest has one of its own");
    if (!memory) {
      Problem("memory: the module exports none");
    } else {
      places_.names[ModuleItemKind::Memory][guest_.memories[0]->name] = *memory->getInternalName();
    }
  }
  if (!guest_.tables.empty()) {
    if (!guest_.tables[0]->imported()) Problem("table: the guest has one of its own");
    places_.names[ModuleItemKind::Table][guest_.tables[0]->name] = places_.table->name;
  }
}

void GuestResolver::NameOwnItems() {
  for (auto& item : guest_.functions) {
    if (!item->imported()) places_.names[ModuleItemKind::Function][item->name] = GuestName(item->name);
  }
  for (auto& item : guest_.globals) {
    if (!item->imported()) places_.names[ModuleItemKind::Global][item->name] = GuestName(item->name);
  }
  for (auto& item : guest_.tags) {
    if (!item->imported()) places_.names[ModuleItemKind::Tag][item->name] = GuestName(item->name);
  }
  for (auto& item : guest_.dataSegments) places_.names[ModuleItemKind::DataSegment][item->name] = GuestName(item->name);
}

}  // namespace blockon
