// apply-relocations: what a module would write into itself before it starts is in it from the beginning.
//
// A position-independent module does not know its addresses when it is linked. It has code that makes them: its start function sets globals,
// and __wasm_apply_data_relocs writes each pointer that is in its data, of which Pyodide has 28,000, in half a megabyte of code that
// runs once. Where the bases are constants (settle-bases), so are the sums:
//
//   start                     (global.set X (base + N))              X is a constant N'; what sets nothing else is no variable any more
//                             (memory.fill (base + N) 0 SIZE)        gone where no data lies: a new memory is zero
//   __wasm_apply_data_relocs  (i32.store (base + N) (base + M))      four bytes of the data segment that is there
//
// What is not known stays code, in its order with what it may meet: a sum with an address that JavaScript gives, a place without data.
//
// Idempotent and deterministic.
#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "ir/find_all.h"
#include "jspi/passes/constant_value.h"
#include "jspi/passes/module_lookup.h"
#include "jspi/passes/pass_error.h"
#include "jspi/passes/pass_registry.h"
#include "wasm-builder.h"

namespace blockon {
namespace {

using namespace wasm;

class RelocationApplier {
 public:
  explicit RelocationApplier(Module& module) : module_(module) {}

  void Run() {
    for (const auto& memory : module_.memories) {
      if (memory->imported()) throw PassError("apply-relocations: the memory is imported");
    }
    if (module_.memories.size() != 1) throw PassError("apply-relocations: the module has no memory, or several");
    FindData();
    CountWrites();
    if (module_.start.is()) {
      Function* start = module_.getFunction(module_.start);
      Take(*start, [&](Expression* statement) { return SetGlobal(statement, *start) || Clear(statement); });
      if (start->body->is<Nop>()) module_.start = Name();
    }
    Function* relocations = ExportedFunction(module_, "__wasm_apply_data_relocs");
    if (relocations && !relocations->imported()) {
      Take(*relocations, [&](Expression* statement) { return Write(statement); });
    }
  }

 private:
  // Leaves those statements of a function without branches for which `take` has nothing to do.
  template <typename F>
  void Take(Function& function, F take) {
    std::vector<Expression*> statements{function.body};
    if (auto* block = function.body->dynCast<Block>(); block && !block->name.is()) {
      statements.assign(block->list.begin(), block->list.end());
    }
    std::vector<Expression*> left;
    bool is_plain = true;
    for (Expression* statement : statements) {
      // Behind anything else the order of two may matter.
      is_plain = is_plain && (statement->is<GlobalSet>() || statement->is<MemoryFill>() || statement->is<Store>() ||
                              statement->is<Nop>());
      if (statement->is<Nop>() || (is_plain && take(statement))) continue;
      left.push_back(statement);
    }
    Builder builder(module_);
    if (left.empty()) {
      function.body = builder.makeNop();
    } else if (left.size() < statements.size()) {
      function.body = builder.makeBlock(left);
    }
  }

  void FindData() {
    for (const auto& segment : module_.dataSegments) {
      if (segment->isPassive()) continue;
      const std::optional<uint32_t> at = ConstantValue(module_, segment->offset);
      if (!at) throw PassError("apply-relocations: a data segment begins at no constant");
      const auto [place, is_new] = data_.emplace(*at, segment.get());
      if (!is_new) throw PassError("apply-relocations: two data segments begin at one place");
    }
    const DataSegment* before = nullptr;
    uint64_t end = 0;
    for (const auto& [at, segment] : data_) {
      if (before && at < end) throw PassError("apply-relocations: a data segment lies over another");
      end = uint64_t{at} + segment->data.size();
      before = segment;
    }
  }

  void CountWrites() {
    for (const auto& function : module_.functions) {
      if (function->imported()) continue;
      for (const auto* set : FindAll<GlobalSet>(function->body).list) writes_[set->name]++;
    }
    for (const auto& exported : module_.exports) {
      if (exported->kind == ExternalKind::Global) writes_[*exported->getInternalName()]++;
    }
  }

  bool SetGlobal(Expression* statement, Function& start) {
    const auto* set = statement->dynCast<GlobalSet>();
    if (!set || writes_[set->name] != 1) return false;
    const std::optional<uint32_t> value = ConstantValue(module_, set->value);
    Global* global = module_.getGlobal(set->name);
    if (!value || global->imported()) return false;
    for (const auto* get : FindAll<GlobalGet>(start.body).list) {
      if (get->name == set->name) return false;
    }
    global->init = Builder(module_).makeConst(int32_t(*value));
    global->mutable_ = false;
    return true;
  }

  // Whether it clears a part of the memory that nothing else has written.
  bool Clear(Expression* statement) {
    const auto* fill = statement->dynCast<MemoryFill>();
    if (!fill) return false;
    const std::optional<uint32_t> at = ConstantValue(module_, fill->dest);
    const std::optional<uint32_t> size = ConstantValue(module_, fill->size);
    if (ConstantValue(module_, fill->value) != 0u || !at || !size) return false;
    const uint64_t end = uint64_t{*at} + *size;
    const Memory& memory = *module_.memories[0];
    if (end > uint64_t(memory.initial) << memory.pageSizeLog2) return false;
    return std::none_of(data_.begin(), data_.end(), [&](const auto& each) {
      return each.first < end && uint64_t{each.first} + each.second->data.size() > *at;
    });
  }

  bool Write(Expression* statement) {
    const auto* store = statement->dynCast<Store>();
    if (!store || store->bytes != 4 || store->value->type != Type::i32 || unknown_write_) return false;
    const std::optional<uint32_t> base = ConstantValue(module_, store->ptr);
    if (!base) {
      // Where it writes is not known, so what comes behind it may be meant to lie over it.
      unknown_write_ = true;
      return false;
    }
    const uint64_t at = uint64_t{*base} + uint64_t(store->offset);
    const std::optional<uint32_t> value = ConstantValue(module_, store->value);
    char* const place = value && !IsLeft(at) ? PlaceOf(at) : nullptr;
    if (!place) {
      left_.insert(at);
      return false;
    }
    const char bytes[4] = {char(*value), char(*value >> 8), char(*value >> 16), char(*value >> 24)};
    std::memcpy(place, bytes, sizeof bytes);
    return true;
  }

  // Whether code that stays writes one of the four bytes before.
  bool IsLeft(uint64_t at) const {
    const auto found = left_.lower_bound(at < 4 ? 0 : at - 3);
    return found != left_.end() && *found < at + 4;
  }

  // Of four bytes in one segment; null if they are in none.
  char* PlaceOf(uint64_t at) {
    auto found = data_.upper_bound(at);
    if (found == data_.begin()) return nullptr;
    --found;
    std::vector<char>& bytes = found->second->data;
    const uint64_t offset = at - found->first;
    return offset + 4 <= bytes.size() ? bytes.data() + offset : nullptr;
  }

  Module& module_;
  // By where they begin.
  std::map<uint64_t, DataSegment*> data_;
  std::map<Name, int> writes_;
  // Where stores that stay begin.
  std::set<uint64_t> left_;
  bool unknown_write_ = false;
};

struct ApplyRelocationsPass : public Pass {
  void run(Module* module) override { RelocationApplier(*module).Run(); }
};

}  // namespace

std::unique_ptr<wasm::Pass> CreateApplyRelocationsPass(const std::string&) {
  return std::make_unique<ApplyRelocationsPass>();
}

}  // namespace blockon
