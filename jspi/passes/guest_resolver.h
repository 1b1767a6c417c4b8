// The first half of merge-guest (merge_guest.cc): what each import of the guest is in the module, and where its table slots
// and data go. Adds to the module the globals that stand for addresses, and nothing else.
//
// Owner: the pass, for one run.
#ifndef BLOCKON_JSPI_PASSES_GUEST_RESOLVER_H_
#define BLOCKON_JSPI_PASSES_GUEST_RESOLVER_H_

#include <string>
#include <vector>

#include "jspi/passes/item_renamer.h"
#include "wasm-builder.h"
#include "wasm.h"

namespace blockon {

// What the guest's items are called in the module, and where they are.
struct GuestPlaces {
  // A global that is to hold the address of the guest's own data at `offset`.
  struct OwnAddress {
    wasm::Name global;
    uint32_t offset;
  };

  ItemNames names;
  wasm::Table* table = nullptr;
  uint32_t table_base = 0;
  // Behind the last slot, of which the last are for `new_slots`.
  uint32_t next_slot = 0;
  wasm::Name table_base_global;
  wasm::Name memory_base;
  std::vector<OwnAddress> own_addresses;
  std::vector<wasm::Name> new_slots;
};

class GuestResolver {
 public:
  GuestResolver(wasm::Module& module, wasm::Module& guest) : module_(module), guest_(guest), builder_(module) {}

  // Throws PassError with all that cannot be resolved.
  GuestPlaces Run();

 private:
  void Problem(const std::string& text);
  void Refuse();
  wasm::Expression* Number(uint32_t value);
  wasm::Global* AddGlobal(const std::string& name, wasm::Expression* init, bool is_mutable);
  // The guest's table slots come behind the module's, those that the GOT needs behind the guest's.
  void FindPlaces();
  void ResolveFunctions();
  void ResolveGlobals();
  wasm::Name ResolveDataAddress(wasm::Name symbol);
  wasm::Name ResolveFunctionAddress(wasm::Name symbol);
  // The slot that holds a function of the module already; 0, which Emscripten leaves empty, when none does.
  uint32_t FindSlot(wasm::Name target) const;
  void ResolveTags();
  void ResolveMemoryAndTable();
  void NameOwnItems();

  wasm::Module& module_;
  wasm::Module& guest_;
  wasm::Builder builder_;
  GuestPlaces places_;
  std::vector<std::string> problems_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_PASSES_GUEST_RESOLVER_H_
