// settle-bases: a position-independent main module gets its place for good.
//
// Emscripten before version 5 links a main module (emcc -sMAIN_MODULE) as it does a side module: memory, table and stack pointer are made
// by JavaScript, which also says where in them the module's own parts begin, though that is the same number each time. All else here
// (merge-guest, settle-addresses, link-table, join-data, check-frames) is for a module that has them itself, as later versions make it.
// The argument is what JavaScript would have said:
//
//   env.__memory_base                         a constant, MEMORY; the data segments begin at constants
//   env.__table_base                          a constant, TABLE; the element segments do, and the table is as long as they need
//   env.__stack_pointer                       the module's own, HIGH at first, exported
//   env.memory, env.__indirect_function_table the module's own, exported
//   GOT.mem.__stack_low, __stack_high, __heap_base   constants: LOW, HIGH and HIGH, since the heap begins where the stack does
//   its exported addresses                    are those in the memory, no more those from MEMORY on
//
// The module writes its own addresses into its memory as before, when it starts: apply-relocations does that beforehand.
//
// Rejected: to leave memory and table imported and export them beside. V8 would have to look at each instance's for where they are,
// and data segments could not be joined.
//
// Not idempotent: the second run finds no base to settle and says so. Deterministic.
#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "ir/module-utils.h"
#include "jspi/passes/constant_value.h"
#include "jspi/passes/module_lookup.h"
#include "jspi/passes/pass_error.h"
#include "jspi/passes/pass_registry.h"
#include "wasm-builder.h"

namespace blockon {
namespace {

using namespace wasm;

struct Bases {
  uint32_t memory = 0;
  uint32_t table = 0;
  uint32_t stack_low = 0;
  uint32_t stack_high = 0;
};

Bases ReadBases(const std::string& argument) {
  Bases bases;
  const char* at = argument.data();
  const char* const end = at + argument.size();
  for (uint32_t* number : {&bases.memory, &bases.table, &bases.stack_low, &bases.stack_high}) {
    const bool is_last = number == &bases.stack_high;
    const auto [rest, error] = std::from_chars(at, end, *number);
    if (error != std::errc() || (is_last ? rest != end : rest == end || *rest != ',')) {
      throw PassError("settle-bases: expected MEMORY,TABLE,LOW,HIGH, found '" + argument + "'");
    }
    at = rest + (is_last ? 0 : 1);
  }
  return bases;
}

class BaseSettler {
 public:
  BaseSettler(Module& module, const Bases& bases) : module_(module), bases_(bases), builder_(module) {}

  void Run() {
    FindImports();
    CheckPlaces();
    for (const auto& exported : module_.exports) MoveExport(*exported);
    Settle(*memory_base_, bases_.memory);
    Settle(*table_base_, bases_.table);
    for (const auto& [name, address] : {std::pair("__stack_low", bases_.stack_low),
                                        {"__stack_high", bases_.stack_high},
                                        {"__heap_base", bases_.stack_high}}) {
      if (Global* asked = ImportedGlobal("GOT.mem", name)) Settle(*asked, address);
    }
    Settle(*stack_pointer_, bases_.stack_high);
    stack_pointer_->mutable_ = true;
    Own(*memory_, "memory", ExternalKind::Memory);
    Own(*table_, "__indirect_function_table", ExternalKind::Table);
    module_.addExport(Builder::makeExport("__stack_pointer", stack_pointer_->name, ExternalKind::Global));
    table_->initial = std::max(uint64_t(table_->initial), uint64_t{bases_.table} + module_.dylinkSection->tableSize);
    if (table_->hasMax() && table_->max < table_->initial) table_->max = table_->initial;
    SettleSegments();
    // Nobody is asked for a place any more.
    module_.dylinkSection->memorySize = module_.dylinkSection->memoryAlignment = 0;
    module_.dylinkSection->tableSize = module_.dylinkSection->tableAlignment = 0;
    module_.updateMaps();
  }

 private:
  Global* ImportedGlobal(const std::string& module, const std::string& base) {
    Global* found = nullptr;
    ModuleUtils::iterImportedGlobals(module_, [&](Global* import) {
      if (import->module == module && import->base == base && import->type == Type::i32) found = import;
    });
    return found;
  }

  void FindImports() {
    if (!module_.dylinkSection) throw PassError("settle-bases: the module has no dylink section");
    memory_base_ = ImportedGlobal("env", "__memory_base");
    table_base_ = ImportedGlobal("env", "__table_base");
    stack_pointer_ = ImportedGlobal("env", "__stack_pointer");
    for (const auto& memory : module_.memories) {
      if (memory->imported() && memory->module == "env" && memory->base == "memory") memory_ = memory.get();
    }
    for (const auto& table : module_.tables) {
      const bool is_functions = table->module == "env" && table->base == "__indirect_function_table";
      if (table->imported() && is_functions) table_ = table.get();
    }
    const std::pair<const char*, bool> needed[] = {{"__memory_base", memory_base_},
                                                   {"__table_base", table_base_},
                                                   {"__stack_pointer", stack_pointer_},
                                                   {"memory", memory_},
                                                   {"__indirect_function_table", table_}};
    for (const auto& [name, is_there] : needed) {
      if (!is_there) throw PassError(std::string("settle-bases: the module does not import env.") + name);
    }
    if (module_.memories.size() > 1) throw PassError("settle-bases: the module has several memories");
    for (const char* name : {"memory", "__indirect_function_table", "__stack_pointer"}) {
      if (module_.getExportOrNull(name)) throw PassError(std::string("settle-bases: the module exports a ") + name);
    }
  }

  void CheckPlaces() {
    const DylinkSection& asked = *module_.dylinkSection;
    if (uint64_t{bases_.memory} + asked.memorySize > bases_.stack_low || bases_.stack_low >= bases_.stack_high ||
        bases_.stack_high > uint64_t(memory_->initial) * 65536) {
      throw PassError("settle-bases: " + std::to_string(asked.memorySize) + " bytes of data from " +
                      std::to_string(bases_.memory) + " on, and the stack from " + std::to_string(bases_.stack_low) +
                      " to " + std::to_string(bases_.stack_high) + ", are not in this order in a memory of " +
                      std::to_string(uint64_t(memory_->initial) * 65536));
    }
    const uint64_t alignment = uint64_t{1} << asked.memoryAlignment;
    if (bases_.memory % alignment != 0) {
      throw PassError("settle-bases: the data would begin at " + std::to_string(bases_.memory) +
                      ", and has to at a multiple of " + std::to_string(alignment));
    }
  }

  void MoveExport(Export& exported) {
    if (exported.kind != ExternalKind::Global) return;
    Global* global = module_.getGlobal(*exported.getInternalName());
    const bool is_address = !global->imported() && !global->mutable_ && global->type == Type::i32;
    if (!is_address || !global->init->is<Const>()) {
      throw PassError("settle-bases: the exported global " + exported.name.toString() + " is no constant address");
    }
    // One that has two names is moved once.
    if (!moved_.insert(global->name).second) return;
    Const* address = global->init->cast<Const>();
    address->value = Literal(int32_t(uint32_t(address->value.geti32()) + bases_.memory));
  }

  void Settle(Global& global, uint32_t value) {
    global.module = global.base = Name();
    global.mutable_ = false;
    global.init = builder_.makeConst(int32_t(value));
  }

  void Own(Importable& item, const char* name, ExternalKind kind) {
    item.module = item.base = Name();
    module_.addExport(Builder::makeExport(name, item.name, kind));
  }

  void SettleSegments() {
    for (const auto& segment : module_.dataSegments) {
      if (segment->isActive()) segment->offset = Number(segment->offset, "a data segment");
    }
    for (const auto& segment : module_.elementSegments) {
      if (segment->isActive()) segment->offset = Number(segment->offset, "an element segment");
    }
  }

  Expression* Number(Expression* offset, const char* whose) {
    const std::optional<uint32_t> value = ConstantValue(module_, offset);
    if (!value) throw PassError(std::string("settle-bases: ") + whose + " begins at none of the bases");
    return builder_.makeConst(int32_t(*value));
  }

  Module& module_;
  const Bases bases_;
  Builder builder_;
  std::set<Name> moved_;
  Global* memory_base_ = nullptr;
  Global* table_base_ = nullptr;
  Global* stack_pointer_ = nullptr;
  Memory* memory_ = nullptr;
  Table* table_ = nullptr;
};

struct SettleBasesPass : public Pass {
  explicit SettleBasesPass(const std::string& argument) : bases(ReadBases(argument)) {}

  void run(Module* module) override { BaseSettler(*module, bases).Run(); }

  const Bases bases;
};

}  // namespace

std::unique_ptr<wasm::Pass> CreateSettleBasesPass(const std::string& argument) {
  return std::make_unique<SettleBasesPass>(argument);
}

}  // namespace blockon
