// Renaming the items of a module and every use of them, in one step: a name that is new is not looked up again, so maps
// may swap names.
#ifndef BLOCKON_JSPI_PASSES_ITEM_RENAMER_H_
#define BLOCKON_JSPI_PASSES_ITEM_RENAMER_H_

#include <map>
#include <unordered_map>

#include "wasm.h"

namespace blockon {

using NameMap = std::unordered_map<wasm::Name, wasm::Name>;
using ItemNames = std::map<wasm::ModuleItemKind, NameMap>;

// Renames the uses (code, initialisers, segments, exports, start). The items keep their own names. A reference to a function has
// the type of that function, which is another one for an import than for what it is routed to: it is taken from `targets`, where it
// is there.
void RenameUses(wasm::Module& module, const ItemNames& names, wasm::Module& targets);

}  // namespace blockon

#endif  // BLOCKON_JSPI_PASSES_ITEM_RENAMER_H_
