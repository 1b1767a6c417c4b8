#include "jspi/passes/item_renamer.h"

#include "wasm-traversal.h"

namespace blockon {
namespace {

using wasm::ModuleItemKind;
using wasm::Name;

void Rename(const ItemNames& names, ModuleItemKind kind, Name& name) {
  const auto map = names.find(kind);
  if (map == names.end()) return;
  const auto renamed = map->second.find(name);
  if (renamed != map->second.end()) name = renamed->second;
}

struct UseRenamer : public wasm::PostWalker<UseRenamer, wasm::UnifiedExpressionVisitor<UseRenamer>> {
  UseRenamer(const ItemNames& item_names, wasm::Module& module) : names(item_names), targets(module) {}

  const ItemNames& names;
  wasm::Module& targets;

  // Binaryen's table of fields says which of them name an item of which kind.
  void visitExpression(wasm::Expression* curr) {
    using namespace wasm;
#define DELEGATE_ID curr->_id
#define DELEGATE_START(id) [[maybe_unused]] auto* cast = curr->cast<id>();
#define DELEGATE_GET_FIELD(id, field) cast->field
#define DELEGATE_FIELD_TYPE(id, field)
#define DELEGATE_FIELD_HEAPTYPE(id, field)
#define DELEGATE_FIELD_CHILD(id, field)
#define DELEGATE_FIELD_OPTIONAL_CHILD(id, field)
#define DELEGATE_FIELD_INT(id, field)
#define DELEGATE_FIELD_LITERAL(id, field)
#define DELEGATE_FIELD_NAME(id, field)
#define DELEGATE_FIELD_SCOPE_NAME_DEF(id, field)
#define DELEGATE_FIELD_SCOPE_NAME_USE(id, field)
#define DELEGATE_FIELD_ADDRESS(id, field)
#define DELEGATE_FIELD_NAME_KIND(id, field, kind) \
  if (cast->field.is()) Rename(names, kind, cast->field);
#include "wasm-delegations-fields.def"
    if (auto* reference = curr->dynCast<RefFunc>()) {
      if (Function* target = targets.getFunctionOrNull(reference->func)) reference->type = target->type;
    }
  }
};

}  // namespace

void RenameUses(wasm::Module& module, const ItemNames& names, wasm::Module& targets) {
  UseRenamer renamer(names, targets);
  renamer.walkModule(&module);
  for (auto& exported : module.exports) {
    if (Name* name = exported->getInternalName()) Rename(names, ModuleItemKind(exported->kind), *name);
  }
  for (auto& segment : module.elementSegments) Rename(names, ModuleItemKind::Table, segment->table);
  for (auto& segment : module.dataSegments) Rename(names, ModuleItemKind::Memory, segment->memory);
  if (module.start.is()) Rename(names, ModuleItemKind::Function, module.start);
}

}  // namespace blockon
