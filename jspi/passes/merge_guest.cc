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
// What each import is, and where things go, is found by guest_resolver.h.
//
// Rejected: loading the guest by Pyodide's own dynamic linker, since code that stands in for the interpreter's must be there
// before the interpreter starts, and a JavaScript loader would stand between the two (its calls would not be
// direct wasm calls). Rejected: a fixed place for the data behind the module's own, since Emscripten's heap starts
// there and its start is compiled into sbrk.
//
// Not idempotent: the second merge finds the names taken and says so. Deterministic.
#include <string>
#include <vector>

#include "ir/module-utils.h"
#include "jspi/passes/guest_names.h"
#include "jspi/passes/guest_resolver.h"
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
    places_ = GuestResolver(module_, guest_).Run();
    RenameUses(guest_, places_.names, module_);
    CopyItems();
    CopyDataSegments();
    CopyElementSegments();
    AddSlots();
    AddExports();
    WrapConstructors();
    module_.updateMaps();
  }

 private:
  Expression* Number(uint32_t value) { return builder_.makeConst(int32_t(value)); }

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
        const uint32_t offset = OffsetFrom(places_.memory_base, segment->offset, "data");
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
      const uint32_t offset = OffsetFrom(places_.table_base_global, segment->offset, "element");
      if (uint64_t{offset} + segment->data.size() > guest_.dylinkSection->tableSize) {
        throw PassError("the guest's element segment ends behind the slots that its dylink section asks for");
      }
      segment->name = GuestName(segment->name);
      ElementSegment* copy = ModuleUtils::copyElementSegment(segment.get(), module_);
      copy->offset = Number(places_.table_base + offset);
    }
  }

  void AddSlots() {
    if (!places_.new_slots.empty()) {
      std::vector<Expression*> references;
      for (Name target : places_.new_slots) {
        references.push_back(builder_.makeRefFunc(target));
      }
      const uint32_t first = places_.next_slot - uint32_t(places_.new_slots.size());
      auto segment =
          std::make_unique<ElementSegment>(places_.table->name, Number(first), places_.table->type, references);
      segment->setExplicitName(GuestName("slots"));
      module_.addElementSegment(std::move(segment));
    }
    places_.table->initial = places_.next_slot;
    if (places_.table->hasMax() && places_.table->max < places_.table->initial)
      places_.table->max = places_.table->initial;
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
    module_.addExport(Builder::makeExport(kMemoryBase, places_.memory_base, ExternalKind::Global));
  }

  Expression* FromMemoryBase(uint32_t offset) {
    Expression* base = builder_.makeGlobalGet(places_.memory_base, Type::i32);
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
        builder_.makeGlobalSet(places_.memory_base, builder_.makeBinary(AndInt32, raised, Number(~(alignment - 1)))));
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
    for (const auto& [global, offset] : places_.own_addresses) {
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

  Module& module_;
  Module& guest_;
  Builder builder_;
  GuestPlaces places_;
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
