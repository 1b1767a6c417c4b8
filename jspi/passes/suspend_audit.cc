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
// Where almost everything waits for one kind of thing, as for locks, a further file names the exports by which it does. The first
// list is then of what is reached otherwise, and what is reached by those alone is counted.
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

// The lines of a file by their numbers, without comments and empty ones.
std::map<int, std::string> ReadLines(const std::string& path) {
  std::map<int, std::string> lines;
  std::ifstream file(path);
  if (!file) throw PassError(path + ": there is no such file, or it cannot be read");
  std::string line;
  for (int number = 1; std::getline(file, line); number++) {
    if (!line.empty() && line[0] != '#') lines[number] = line;
  }
  return lines;
}

// Imports that call back into wasm, each with how it does.
std::map<std::string, std::string> ReadJavaScriptFrames(const std::string& path) {
  std::map<std::string, std::string> frames;
  for (const auto& [number, line] : ReadLines(path)) {
    const size_t tab = line.find('\t');
    if (tab == std::string::npos || tab == 0) {
      throw PassError(path + ":" + std::to_string(number) + ": expected MODULE.NAME, a tab and how it calls back");
    }
    frames[line.substr(0, tab)] = line.substr(tab + 1);
  }
  return frames;
}

// Functions by the names of their exports.
std::unordered_set<Name> ReadExports(Module& module, const std::string& path) {
  std::unordered_set<Name> functions;
  for (const auto& [number, name] : ReadLines(path)) {
    const Function* function = ExportedFunction(module, name);
    if (!function) {
      throw PassError(path + ":" + std::to_string(number) + ": the module exports no function " + name);
    }
    functions.insert(function->name);
  }
  return functions;
}

struct SuspendAuditPass : public Pass {
  explicit SuspendAuditPass(const std::string& argument) {
    std::istringstream parts(argument);
    std::getline(parts, import_name, ',');
    std::getline(parts, frames_path, ',');
    std::getline(parts, cut_path);
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
    if (cut_path.empty()) {
      std::cout << "reached by direct calls from ";
      PrintExports(direct_exports);
    } else {
      const std::unordered_set<Name> cut = ReadExports(*module, cut_path);
      const auto otherwise = graph.Callers(suspending->second, CallGraph::Calls::kDirect, cut);
      const std::set<std::string> other_exports = ExportsOf(*module, otherwise);
      std::cout << "by way of " << cut.size()
                << " functions that are set aside alone: " << direct.size() - otherwise.size() << " functions, "
                << direct_exports.size() - other_exports.size() << " exports\n"
                << "otherwise reached by direct calls from " << otherwise.size()
                << " functions, through the table as well from "
                << graph.Callers(suspending->second, CallGraph::Calls::kAlsoThroughTable, cut).size() << "\n"
                << "otherwise reached by direct calls from ";
      PrintExports(other_exports);
    }

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

  static void PrintExports(const std::set<std::string>& names) {
    std::cout << names.size() << " exports:\n";
    for (const std::string& name : names) std::cout << "  " << name << "\n";
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
  std::string cut_path;
};

}  // namespace

std::unique_ptr<wasm::Pass> CreateSuspendAuditPass(const std::string& argument) {
  return std::make_unique<SuspendAuditPass>(argument);
}

}  // namespace blockon
