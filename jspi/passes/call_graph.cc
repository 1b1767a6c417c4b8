#include "jspi/passes/call_graph.h"

#include "pass.h"
#include "wasm-traversal.h"

namespace blockon {
namespace {

using namespace wasm;

struct Outgoing {
  std::unordered_set<Name> direct;
  std::unordered_set<HeapType> through_table;
};
using OutgoingByFunction = std::unordered_map<Name, Outgoing>;

// Parallel over functions: each has its own entry, made beforehand.
struct CollectCalls : public WalkerPass<PostWalker<CollectCalls>> {
  explicit CollectCalls(OutgoingByFunction* result) : out(result) {}

  bool isFunctionParallel() override { return true; }
  bool modifiesBinaryenIR() override { return false; }
  std::unique_ptr<Pass> create() override { return std::make_unique<CollectCalls>(out); }

  void visitCall(Call* curr) { out->at(getFunction()->name).direct.insert(curr->target); }
  void visitCallIndirect(CallIndirect* curr) { out->at(getFunction()->name).through_table.insert(curr->heapType); }

  OutgoingByFunction* out;
};

}  // namespace

CallGraph::CallGraph(Module& module) {
  OutgoingByFunction outgoing;
  for (const auto& function : module.functions) {
    outgoing[function->name];
    types_.emplace(function->name, function->type.getHeapType());
  }
  PassRunner runner(&module);
  CollectCalls(&outgoing).run(&runner, &module);
  for (const auto& [caller, calls] : outgoing) {
    for (Name target : calls.direct) callers_[target].push_back(caller);
    for (HeapType type : calls.through_table) callers_by_type_[type].insert(caller);
  }
  for (const auto& segment : module.elementSegments) {
    for (Expression* item : segment->data) {
      if (const auto* reference = item->dynCast<RefFunc>()) in_table_.insert(reference->func);
    }
  }
}

std::unordered_set<Name> CallGraph::Callers(Name target, Calls calls, const std::unordered_set<Name>& cut) const {
  std::unordered_set<Name> reached = {target};
  std::unordered_set<HeapType> types_done;
  std::vector<Name> work = {target};
  auto reach = [&](Name name) {
    if (!cut.contains(name) && reached.insert(name).second) work.push_back(name);
  };
  while (!work.empty()) {
    const Name name = work.back();
    work.pop_back();
    for (Name caller : DirectCallers(name)) reach(caller);
    if (calls == Calls::kDirect || !InTable(name)) continue;
    const HeapType type = types_.at(name);
    if (!types_done.insert(type).second) continue;
    if (const auto found = callers_by_type_.find(type); found != callers_by_type_.end()) {
      for (Name caller : found->second) reach(caller);
    }
  }
  reached.erase(target);
  return reached;
}

const std::vector<Name>& CallGraph::DirectCallers(Name target) const {
  static const std::vector<Name> none;
  const auto found = callers_.find(target);
  return found == callers_.end() ? none : found->second;
}

}  // namespace blockon
