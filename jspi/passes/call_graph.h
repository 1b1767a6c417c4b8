// Who calls whom in a module: direct calls, calls through the table by type, and the functions that a table holds.
#ifndef BLOCKON_JSPI_PASSES_CALL_GRAPH_H_
#define BLOCKON_JSPI_PASSES_CALL_GRAPH_H_

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "wasm.h"

namespace blockon {

class CallGraph {
 public:
  explicit CallGraph(wasm::Module& module);

  enum class Calls { kDirect, kAlsoThroughTable };
  // All functions from which `target` can be reached, without itself, other than by way of those of `cut`, which are left out. A
  // call through the table may reach every function of its type that a table holds.
  std::unordered_set<wasm::Name> Callers(wasm::Name target, Calls calls,
                                         const std::unordered_set<wasm::Name>& cut = {}) const;

  // Functions with a direct call of it.
  const std::vector<wasm::Name>& DirectCallers(wasm::Name target) const;
  bool InTable(wasm::Name function) const { return in_table_.contains(function); }

 private:
  std::unordered_map<wasm::Name, std::vector<wasm::Name>> callers_;
  std::unordered_map<wasm::HeapType, std::unordered_set<wasm::Name>> callers_by_type_;
  std::unordered_map<wasm::Name, wasm::HeapType> types_;
  std::unordered_set<wasm::Name> in_table_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_PASSES_CALL_GRAPH_H_
