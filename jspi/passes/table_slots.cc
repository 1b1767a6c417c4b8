#include "jspi/passes/table_slots.h"

#include <memory>

#include "jspi/passes/module_lookup.h"
#include "jspi/passes/pass_error.h"
#include "wasm-builder.h"

namespace blockon {
namespace {

using namespace wasm;

Table* FunctionTable(Module& module) {
  Export* found = FindExport(module, "__indirect_function_table", ExternalKind::Table);
  if (!found) throw PassError("the module exports no table __indirect_function_table");
  return module.getTable(*found->getInternalName());
}

}  // namespace

TableSlots::TableSlots(Module& module)
    : module_(module), table_(FunctionTable(module)), first_(uint32_t(table_->initial)) {
  for (const auto& segment : module.elementSegments) {
    if (segment->table != table_->name) continue;
    const auto* offset = segment->offset->dynCast<Const>();
    if (!offset) throw PassError("an element segment of __indirect_function_table begins at no constant");
    for (size_t i = 0; i < segment->data.size(); i++) {
      const auto* reference = segment->data[i]->dynCast<RefFunc>();
      if (reference) slots_.emplace(reference->func, offset->value.geti32() + uint32_t(i));
    }
  }
}

uint32_t TableSlots::SlotOf(Name function) {
  const auto [place, is_new] = slots_.emplace(function, first_ + uint32_t(added_.size()));
  if (is_new) added_.push_back(function);
  return place->second;
}

std::vector<Expression*> TableSlots::NewReferences() const {
  Builder builder(module_);
  std::vector<Expression*> references;
  references.reserve(added_.size());
  for (Name function : added_) references.push_back(builder.makeRefFunc(function));
  return references;
}

void TableSlots::Begin(uint32_t slots) {
  table_->initial = slots;
  if (table_->hasMax() && table_->max < end()) table_->max = end();
}

void TableSlots::Fill(Name segment) {
  Begin(end());
  if (added_.empty()) return;
  std::vector<Expression*> references = NewReferences();
  auto filled = std::make_unique<ElementSegment>(table_->name, Builder(module_).makeConst(int32_t(first_)),
                                                 table_->type, references);
  filled->setExplicitName(segment);
  module_.addElementSegment(std::move(filled));
}

}  // namespace blockon
