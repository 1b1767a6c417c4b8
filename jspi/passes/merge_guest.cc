// merge-guest: a side module becomes a part of the module that it was to be loaded into.
//
// A side module (wasm-ld -shared) is made for a dynamic linker: it imports memory, table, stack pointer and functions from
// "env", the addresses of data and functions from "GOT.mem" and "GOT.func", and is given a place for its data and
// its table slots at load. This pass does the linker's work beforehand:
//
//   env.FUNCTION          the module's export of that name, or its own import of it; the types must be equal
//   env.__table_base      a constant: the guest's slots are added behind the module's table
//   env.__memory_base     the global blockon_memory_base, set at start to memory from the module's malloc
//   GOT.mem.X, GOT.func.X constants, taken from the module's exported globals and table
//   env.__blockon_jstag   the import blockon.JSTag: the tag by which wasm catches what JavaScript throws
//   blockon.*             stays an import: the guest's view of its engine
//   __wasm_call_ctors     is wrapped: before the module's own constructors, the guest's memory is taken from the heap; after
//                         them, its data is written and relocated and its constructors run
//
// The guest's memory is the first that is taken from the heap (some of the module's constructors take as much as the environment
// variables need), so that it lies at the same place in each instance: a memory snapshot of one is restored into another,
// which then has the global blockon_memory_base of its own.
//
// Exports of the guest become exports of the module. Items of the guest are prefixed (guest_names.h).
//
// Rejected: loading the guest by Pyodide's own dynamic linker, since code that stands in for the interpreter's must be there
// before the interpreter starts, and a JavaScript loader would stand between the two (its calls would not be
// direct wasm calls). Rejected: a fixed place for the data behind the module's own, since Emscripten's heap starts
// there and its start is compiled into sbrk.
//
// Not idempotent: the second merge finds the names taken and says so. Deterministic.
#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "ir/module-utils.h"
#include "jspi/passes/guest_names.h"
#include "jspi/passes/item_renamer.h"
#include "jspi/passes/module_io.h"
#include "jspi/passes/module_lookup.h"
#include "jspi/passes/pass_error.h"
#include "jspi/passes/pass_registry.h"
#include "wasm-builder.h"

namespace blockon {
namespace {

using namespace wasm;

const Name kConstructors("__wasm_call_ctors");
const Name kDataRelocations("__wasm_apply_data_relocs");
const Name kMemoryBase("blockon_memory_base");

class GuestMerger {
 public:
  GuestMerger(Module& module, Module& guest) : module_(module), guest_(guest), builder_(module) {}

  void Run() {
    if (!guest_.dylinkSection) throw PassError("the guest is not a side module: it has no dylink section");
    if (guest_.memories.size() > 1 || guest_.tables.size() > 1) {
      throw PassError("the guest has more than one memory or table");
    }
    FindPlaces();
    ResolveFunctions();
    ResolveGlobals();
    ResolveTags();
    ResolveMemoryAndTable();
    Refuse();
    NameOwnItems();
    RenameUses(guest_, names_, module_);
    CopyItems();
    CopyDataSegments();
    CopyElementSegments();
    AddSlots();
    AddExports();
    WrapConstructors();
    module_.updateMaps();
  }

 private:
  void Problem(const std::string& text) { problems_.push_back(text); }

  void Refuse() {
    if (problems_.empty()) return;
    std::sort(problems_.begin(), problems_.end());
    std::string text = "the guest cannot be merged:";
    for (const std::string& problem : problems_) text += "\n  " + problem;
    throw PassError(text);
  }

  Expression* Number(uint32_t value) { return builder_.makeConst(int32_t(value)); }

  Global* AddGlobal(const std::string& name, Expression* init, bool is_mutable) {
    return module_.addGlobal(
        Builder::makeGlobal(GuestName(name), Type::i32, init, is_mutable ? Builder::Mutable : Builder::Immutable));
  }

  // The guest's table slots come behind the module's, those that the GOT needs behind the guest's.
  void FindPlaces() {
    if (module_.getExportOrNull(kMemoryBase)) throw PassError("the module has a guest already");
    if (!FindExport(module_, kConstructors, ExternalKind::Function)) {
      throw PassError("the module exports no __wasm_call_ctors: it is not a main module of Emscripten's");
    }
    Export* table = FindExport(module_, "__indirect_function_table", ExternalKind::Table);
    if (!table) throw PassError("the module exports no __indirect_function_table");
    table_ = module_.getTable(*table->getInternalName());
    table_base_ = table_->initial;
    next_slot_ = table_base_ + guest_.dylinkSection->tableSize;
    memory_base_ = AddGlobal("memory_base", Number(0), true)->name;
  }

  void ResolveFunctions() {
    ModuleUtils::iterImportedFunctions(guest_, [&](Function* import) {
      if (import->module == "blockon") {
        names_[ModuleItemKind::Function][import->name] = GuestName(import->name);
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
        names_[ModuleItemKind::Function][import->name] = target->name;
      }
    });
  }

  void ResolveGlobals() {
    ModuleUtils::iterImportedGlobals(guest_, [&](Global* import) {
      const std::string label = ImportLabel(*import);
      Name resolved;
      if (import->module == "GOT.mem") {
        resolved = ResolveDataAddress(import->base);
      } else if (import->module == "GOT.func") {
        resolved = ResolveFunctionAddress(import->base);
      } else if (import->module == "env" && import->base == "__memory_base") {
        resolved = memory_base_;
      } else if (import->module == "env" && import->base == "__table_base") {
        resolved = table_base_global_ = AddGlobal("table_base", Number(table_base_), false)->name;
      } else if (Export* found = FindExport(module_, import->base, ExternalKind::Global)) {
        Global* global = module_.getGlobal(*found->getInternalName());
        if (global->type == import->type && global->mutable_ == import->mutable_) resolved = global->name;
      }
      if (!resolved.is()) {
        Problem("global " + label + ": the module has none of this name and type");
      } else {
        names_[ModuleItemKind::Global][import->name] = resolved;
      }
    });
  }

  Name ResolveDataAddress(Name symbol) {
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
      own_addresses_.push_back({name, uint32_t(global->init->cast<Const>()->value.geti32())});
      return name;
    }
    return {};
  }

  Name ResolveFunctionAddress(Name symbol) {
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
      slot = next_slot_++;
      new_slots_.push_back(target);
    }
    return AddGlobal("GOT.func." + symbol.toString(), Number(slot), false)->name;
  }

  // The slot that holds a function of the module already; 0, which Emscripten leaves empty, when none does.
  uint32_t FindSlot(Name target) const {
    for (const auto& segment : module_.elementSegments) {
      if (segment->table != table_->name || !segment->offset->is<Const>()) continue;
      for (size_t i = 0; i < segment->data.size(); i++) {
        const auto* reference = segment->data[i]->dynCast<RefFunc>();
        if (reference && reference->func == target) {
          return segment->offset->cast<Const>()->value.geti32() + uint32_t(i);
        }
      }
    }
    return 0;
  }

  void ResolveTags() {
    ModuleUtils::iterImportedTags(guest_, [&](Tag* import) {
      if (import->base == "__blockon_jstag") {
        Tag* tag = ModuleUtils::copyTag(import, module_);
        names_[ModuleItemKind::Tag][import->name] = tag->name = GuestName("JSTag");
        tag->module = "blockon";
        tag->base = "JSTag";
        module_.updateMaps();
        return;
      }
      Export* found = FindExport(module_, import->base, ExternalKind::Tag);
      if (!found || module_.getTag(*found->getInternalName())->type != import->type) {
        Problem("tag env." + import->base.toString() + ": the module has none of this name and type");
      } else {
        names_[ModuleItemKind::Tag][import->name] = *found->getInternalName();
      }
    });
  }

  void ResolveMemoryAndTable() {
    if (!guest_.memories.empty()) {
      Export* memory = FindExport(module_, "memory", ExternalKind::Memory);
      if (!guest_.memories[0]->imported()) Problem("memory: the guest has one of its own");
      if (!memory) {
        Problem("memory: the module exports none");
      } else {
        names_[ModuleItemKind::Memory][guest_.memories[0]->name] = *memory->getInternalName();
      }
    }
    if (!guest_.tables.empty()) {
      if (!guest_.tables[0]->imported()) Problem("table: the guest has one of its own");
      names_[ModuleItemKind::Table][guest_.tables[0]->name] = table_->name;
    }
  }

  void NameOwnItems() {
    for (auto& item : guest_.functions) {
      if (!item->imported()) names_[ModuleItemKind::Function][item->name] = GuestName(item->name);
    }
    for (auto& item : guest_.globals) {
      if (!item->imported()) names_[ModuleItemKind::Global][item->name] = GuestName(item->name);
    }
    for (auto& item : guest_.tags) {
      if (!item->imported()) names_[ModuleItemKind::Tag][item->name] = GuestName(item->name);
    }
    for (auto& item : guest_.dataSegments) names_[ModuleItemKind::DataSegment][item->name] = GuestName(item->name);
  }

  // An offset of the form BASE or BASE + CONSTANT: the constant.
  static uint32_t OffsetFrom(Name base, Expression* offset, const char* what) {
    const auto is_base = [&](Expression* part) {
      return part->is<GlobalGet>() && part->cast<GlobalGet>()->name == base;
    };
    if (is_base(offset)) return 0;
    if (auto* add = offset->dynCast<Binary>(); add && add->op == AddInt32) {
      Expression* left = add->left;
      Expression* right = add->right;
      if (left->is<Const>()) std::swap(left, right);
      if (is_base(left) && right->is<Const>()) return right->cast<Const>()->value.geti32();
    }
    throw PassError(std::string("the guest's ") + what + " segment does not start at its base");
  }

  void CopyItems() {
    for (auto& global : guest_.globals) {
      if (global->imported()) continue;
      global->name = GuestName(global->name);
      ModuleUtils::copyGlobal(global.get(), module_);
    }
    for (auto& tag : guest_.tags) {
      if (tag->imported()) continue;
      tag->name = GuestName(tag->name);
      ModuleUtils::copyTag(tag.get(), module_);
    }
    for (auto& function : guest_.functions) {
      if (function->imported() && function->module != "blockon") continue;
      ModuleUtils::copyFunction(function.get(), module_, GuestName(function->name));
    }
  }

  void CopyDataSegments() {
    const Name memory = *FindExport(module_, "memory", ExternalKind::Memory)->getInternalName();
    for (auto& segment : guest_.dataSegments) {
      auto copy = std::make_unique<DataSegment>();
      copy->setExplicitName(GuestName(segment->name));
      copy->data = segment->data;
      if (segment->isActive()) {
        // Where it goes is known when malloc has answered.
        const uint32_t offset = OffsetFrom(memory_base_, segment->offset, "data");
        if (uint64_t{offset} + copy->data.size() > guest_.dylinkSection->memorySize) {
          throw PassError("the guest's data segment ends behind the memory that its dylink section asks for");
        }
        data_writes_.push_back(
            builder_.makeMemoryInit(copy->name, FromMemoryBase(offset), Number(0), Number(copy->data.size()), memory));
        data_writes_.push_back(builder_.makeDataDrop(copy->name));
      }
      module_.addDataSegment(std::move(copy));
    }
  }

  void CopyElementSegments() {
    for (auto& segment : guest_.elementSegments) {
      if (!segment->isActive()) throw PassError("the guest has a passive element segment");
      const uint32_t offset = OffsetFrom(table_base_global_, segment->offset, "element");
      if (uint64_t{offset} + segment->data.size() > guest_.dylinkSection->tableSize) {
        throw PassError("the guest's element segment ends behind the slots that its dylink section asks for");
      }
      segment->name = GuestName(segment->name);
      ElementSegment* copy = ModuleUtils::copyElementSegment(segment.get(), module_);
      copy->offset = Number(table_base_ + offset);
    }
  }

  void AddSlots() {
    if (!new_slots_.empty()) {
      std::vector<Expression*> references;
      for (Name target : new_slots_) {
        references.push_back(builder_.makeRefFunc(target));
      }
      const uint32_t first = next_slot_ - uint32_t(new_slots_.size());
      auto segment = std::make_unique<ElementSegment>(table_->name, Number(first), table_->type, references);
      segment->setExplicitName(GuestName("slots"));
      module_.addElementSegment(std::move(segment));
    }
    table_->initial = next_slot_;
    if (table_->hasMax() && table_->max < table_->initial) table_->max = table_->initial;
  }

  void AddExports() {
    for (auto& exported : guest_.exports) {
      if (exported->name == kConstructors || exported->name == kDataRelocations) continue;
      if (exported->kind != ExternalKind::Function) continue;
      if (module_.getExportOrNull(exported->name)) {
        throw PassError("the module and the guest both export " + exported->name.toString());
      }
      module_.addExport(Builder::makeExport(exported->name, *exported->getInternalName(), ExternalKind::Function));
    }
    module_.addExport(Builder::makeExport(kMemoryBase, memory_base_, ExternalKind::Global));
  }

  Expression* FromMemoryBase(uint32_t offset) {
    Expression* base = builder_.makeGlobalGet(memory_base_, Type::i32);
    return offset ? builder_.makeBinary(AddInt32, base, Number(offset)) : base;
  }

  // Memory for the guest's data.
  void AllocateData(std::vector<Expression*>& body) {
    const uint32_t size = guest_.dylinkSection->memorySize;
    if (!size) return;
    const uint32_t alignment = 1u << guest_.dylinkSection->memoryAlignment;
    Function* allocate = ExportedFunction(module_, "malloc");
    if (!allocate) throw PassError("the guest has data, and the module exports no malloc to place it");
    body.push_back(
        builder_.makeLocalSet(0, builder_.makeCall(allocate->name, {Number(size + alignment - 1)}, Type::i32)));
    body.push_back(
        builder_.makeIf(builder_.makeUnary(EqZInt32, builder_.makeLocalGet(0, Type::i32)), builder_.makeUnreachable()));
    Expression* raised = builder_.makeBinary(AddInt32, builder_.makeLocalGet(0, Type::i32), Number(alignment - 1));
    body.push_back(
        builder_.makeGlobalSet(memory_base_, builder_.makeBinary(AndInt32, raised, Number(~(alignment - 1)))));
  }

  // Zeroes it and writes its initialised part.
  void WriteData(std::vector<Expression*>& body) {
    const uint32_t size = guest_.dylinkSection->memorySize;
    if (!size) return;
    const Name memory = *FindExport(module_, "memory", ExternalKind::Memory)->getInternalName();
    body.push_back(builder_.makeMemoryFill(FromMemoryBase(0), Number(0), Number(size), memory));
    body.insert(body.end(), data_writes_.begin(), data_writes_.end());
  }

  void WrapConstructors() {
    std::vector<Expression*> body;
    AllocateData(body);
    body.push_back(builder_.makeCall(ExportedFunction(module_, kConstructors)->name, {}, Type::none));
    WriteData(body);
    for (const auto& [global, offset] : own_addresses_) {
      body.push_back(builder_.makeGlobalSet(global, FromMemoryBase(offset)));
    }
    // A side module's start function relocates its own globals, and so comes before all other code of it.
    if (guest_.start.is()) body.push_back(builder_.makeCall(guest_.start, {}, Type::none));
    for (Name name : {kDataRelocations, kConstructors}) {
      if (Export* found = FindExport(guest_, name, ExternalKind::Function)) {
        body.push_back(builder_.makeCall(*found->getInternalName(), {}, Type::none));
      }
    }
    Function* wrapper = module_.addFunction(Builder::makeFunction(GuestName("start"), Signature(Type::none, Type::none),
                                                                  {Type::i32}, builder_.makeBlock(body)));
    module_.getExport(kConstructors)->setInternalName(wrapper->name);
  }

  struct OwnAddress {
    Name global;
    uint32_t offset;
  };

  Module& module_;
  Module& guest_;
  Builder builder_;
  ItemNames names_;
  std::vector<std::string> problems_;
  Table* table_ = nullptr;
  uint32_t table_base_ = 0;
  uint32_t next_slot_ = 0;
  Name table_base_global_;
  Name memory_base_;
  std::vector<OwnAddress> own_addresses_;
  std::vector<Name> new_slots_;
  std::vector<Expression*> data_writes_;
};

struct MergeGuestPass : public Pass {
  explicit MergeGuestPass(const std::string& path) : guest_path(path) {}

  void run(Module* module) override {
    const std::unique_ptr<Module> guest = ReadModule(guest_path);
    GuestMerger(*module, *guest).Run();
  }

  const std::string guest_path;
};

}  // namespace

std::unique_ptr<wasm::Pass> CreateMergeGuestPass(const std::string& guest_path) {
  return std::make_unique<MergeGuestPass>(guest_path);
}

}  // namespace blockon
