// suspend-audit: what can stand on a stack when it is suspended.
//
// V8 suspends a stack only if every frame between the promising entry and the suspending import is wasm. Two lists show
// where that holds and where it may not:
//
//   reaching    the exports from which the suspending import is reached, by direct calls alone and with calls through the
//               table as well: all that can be suspended
//   javascript  imports that are known to call back into wasm (the file of the argument: NAME, a tab, how), each with the
//               exports that reach it: behind each of them a suspension fails, until a pass replaces it
//
// The text is sorted and holds no internal names or indices, so that it changes only when the module's behaviour does; a golden
// file holds it for each version of Pyodide. Changes nothing; idempotent.
//
// Rejected: a points-to analysis of the table. By type alone nearly every export may reach a suspension, and in an interpreter
// that is close to the truth.
#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "ir/module-utils.h"
#include "jspi/passes/call_graph.h"
#include "jspi/passes/module_lookup.h"
#include "jspi/passes/pass_error.h"
#include "jspi/passes/pass_registry.h"

namespace blockon {
namespace {

using namespace wasm;

// Imports that call back into wasm, each with how it does.
std::map<std::string, std::string> ReadJavaScriptFrames(const std::string& path) {
  std::map<std::string, std::string> frames;
  std::ifstream file(path);
  if (!file) throw PassError(path + ": there is no such file, or it cannot be read");
  std::string line;
  for (int number = 1; std::getline(file, line); number++) {
    if (line.empty() || line[0] == '#') continue;
    const size_t tab = line.find('\t');
    if (tab == std::string::npos || tab == 0) {
      throw PassError(path + ":" + std::to_string(number) + ": expected MODULE.NAME, a tab and how it calls back");
    }
    frames[line.substr(0, tab)] = line.substr(tab + 1);
  }
  return frames;
}

struct SuspendAuditPass : public Pass {
  explicit SuspendAuditPass(const std::string& argument) {
    const size_t comma = argument.find(',');
    import_name = argument.substr(0, comma);
    if (comma != std::string::npos) frames_path = argument.substr(comma + 1);
  }

  bool modifiesBinaryenIR() override { return false; }

  void run(Module* module) override {
    std::map<std::string, Name> imports;
    ModuleUtils::iterImportedFunctions(*module,
                                       [&](Function* import) { imports.emplace(ImportLabel(*import), import->name); });
    const auto suspending = imports.find(import_name);
    if (suspending == imports.end()) throw PassError("suspend-audit: the module imports no function " + import_name);

    const CallGraph graph(*module);
    std::cout << "suspending import " << import_name << "\n";
    const auto direct = graph.Callers(suspending->second, CallGraph::Calls::kDirect);
    const auto indirect = graph.Callers(suspending->second, CallGraph::Calls::kAlsoThroughTable);
    std::cout << "reached by direct calls from " << direct.size() << " functions, through the table as well from "
              << indirect.size() << "\n";
    const std::set<std::string> direct_exports = ExportsOf(*module, direct);
    std::cout << "reached by direct calls from " << direct_exports.size() << " exports:\n";
    for (const std::string& name : direct_exports) std::cout << "  " << name << "\n";

    if (frames_path.empty()) return;
    std::vector<std::string> lines;
    for (const auto& [name, how] : ReadJavaScriptFrames(frames_path)) {
      const auto import = imports.find(name);
      if (import == imports.end()) throw PassError(frames_path + ": the module imports no function " + name);
      const auto reaching = ExportsOf(*module, graph.Callers(import->second, CallGraph::Calls::kDirect));
      std::ostringstream line;
      line << "  " << name << " (" << how << "): direct callers " << graph.DirectCallers(import->second).size()
           << ", exports that reach it " << reaching.size() << (graph.InTable(import->second) ? ", in the table" : "");
      lines.push_back(line.str());
    }
    std::cout << "JavaScript frames that may stand below a suspension: " << lines.size() << " imports:\n";
    for (const std::string& line : lines) std::cout << line << "\n";
  }

  static std::set<std::string> ExportsOf(Module& module, const std::unordered_set<Name>& functions) {
    std::set<std::string> names;
    for (const auto& exported : module.exports) {
      if (exported->kind == ExternalKind::Function && functions.contains(*exported->getInternalName())) {
        names.insert(exported->name.toString());
      }
    }
    return names;
  }

  std::string import_name;
  std::string frames_path;
};

}  // namespace

std::unique_ptr<wasm::Pass> CreateSuspendAuditPass(const std::string& argument) {
  return std::make_unique<SuspendAuditPass>(argument);
}

}  // namespace blockon
