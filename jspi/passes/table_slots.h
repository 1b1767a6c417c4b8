// The slots of a module's function table: which function has which, and new ones behind those that there are.
//
// The address of a C function is its slot, so a function that has one must not get another.
#ifndef BLOCKON_JSPI_PASSES_TABLE_SLOTS_H_
#define BLOCKON_JSPI_PASSES_TABLE_SLOTS_H_

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "wasm.h"

namespace blockon {

class TableSlots {
 public:
  // Of the table that the module exports as __indirect_function_table. Throws PassError where there is none, or where its functions
  // are not at constant places.
  explicit TableSlots(wasm::Module& module);

  // Leaves some slots behind those that there are to others. Before a new one is asked for.
  void Leave(uint32_t slots) { first_ += slots; }
  // Its slot, a new one if it has none.
  uint32_t SlotOf(wasm::Name function);
  // The first new slot, and who gets those, in order.
  uint32_t first() const { return first_; }
  std::vector<wasm::Expression*> NewReferences() const;

  // Has the table begin with this many slots, and be able to have all new ones.
  void Begin(uint32_t slots);
  // Makes the table as long as the new slots need, and has them filled when the module is instantiated.
  void Fill(wasm::Name segment);
  // Where the new slots end.
  uint32_t end() const { return first_ + uint32_t(added_.size()); }

  wasm::Table& table() const { return *table_; }

 private:
  wasm::Module& module_;
  wasm::Table* table_;
  uint32_t first_;
  std::unordered_map<wasm::Name, uint32_t> slots_{};
  std::vector<wasm::Name> added_{};
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_PASSES_TABLE_SLOTS_H_
