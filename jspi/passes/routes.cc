// routes: the guest stands in for functions of the module.
//
// Each line of the file of routes sends the uses of one function to a function that the guest exports:
//
//   function EXPORT GUEST       the function that the module exports under this name
//   import MODULE.NAME GUEST    a function that the module imports
//   caller A+B GUEST            the function without an export that calls each of the exported functions A, B
//   within N A+B EXPORT GUEST   that function's calls of EXPORT and no others; N functions like it
//
// The last two reach what is no export: a static function of C is known by the functions that it calls. How many match is
// declared, so that a change of the module shows. They are looked for in the module as it is before any route.
//
// A use is a direct call, a reference in a table or in code, and, for `function`, the export itself, so that JavaScript too
// reaches the guest. Code of the guest keeps the original: this is how it calls what it wraps. The types must be
// equal. Blank lines and lines that start with '#' are skipped.
//
// A name that is not there, or a route given twice, is an error: a route that does nothing would leave the module
// half rewritten. Not idempotent: `function` moves the export, so a second run finds the guest under the name and
// refuses.
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

#include "ir/module-utils.h"
#include "jspi/passes/call_graph.h"
#include "jspi/passes/guest_names.h"
#include "jspi/passes/item_renamer.h"
#include "jspi/passes/module_lookup.h"
#include "jspi/passes/pass_error.h"
#include "jspi/passes/pass_registry.h"
#include "wasm-traversal.h"

namespace blockon {
namespace {

using namespace wasm;

enum class Kind { kFunction, kImport, kCaller, kWithin };

struct Route {
  std::string where;  // FILE:LINE
  Kind kind = Kind::kFunction;
  size_t count = 1;                    // kWithin
  std::vector<std::string> callees{};  // kCaller, kWithin
  std::string name{};                  // all but kCaller
  std::string guest{};
};

std::vector<std::string> SplitCallees(const std::string& text) {
  std::vector<std::string> callees;
  std::istringstream words(text);
  for (std::string name; std::getline(words, name, '+');) callees.push_back(name);
  return callees;
}

std::vector<Route> ReadRoutes(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw PassError(path + ": there is no such file, or it cannot be read");
  std::vector<Route> routes;
  std::string line;
  for (int number = 1; std::getline(file, line); number++) {
    const std::string where = path + ":" + std::to_string(number);
    std::istringstream words(line);
    std::string kind, callees, rest;
    words >> kind;
    if (kind.empty() || kind[0] == '#') continue;
    Route route{.where = where};
    if (kind == "function" || kind == "import") {
      if (kind == "import") route.kind = Kind::kImport;
      words >> route.name >> route.guest >> rest;
    } else if (kind == "caller") {
      route.kind = Kind::kCaller;
      words >> callees >> route.guest >> rest;
    } else if (kind == "within") {
      route.kind = Kind::kWithin;
      words >> route.count >> callees >> route.name >> route.guest >> rest;
    }
    if (route.guest.empty() || !rest.empty()) {
      throw PassError(where +
                      ": expected 'function EXPORT GUEST', 'import MODULE.NAME GUEST', 'caller A+B GUEST' or "
                      "'within N A+B EXPORT GUEST', found '" +
                      line + "'");
    }
    route.callees = SplitCallees(callees);
    routes.push_back(route);
  }
  return routes;
}

struct CallRoute {
  Function* caller;
  Name from;
  Name to;
};

// Sends the direct calls in one function elsewhere.
struct CallRedirector : public PostWalker<CallRedirector> {
  CallRedirector(Name from, Name to) : from_(from), to_(to) {}
  void visitCall(Call* curr) {
    if (curr->target == from_) curr->target = to_;
  }

 private:
  const Name from_;
  const Name to_;
};

Function* ImportedFunction(Module& module, const std::string& name) {
  Function* found = nullptr;
  ModuleUtils::iterImportedFunctions(module, [&](Function* import) {
    if (ImportLabel(*import) == name) found = import;
  });
  return found;
}

struct RoutesPass : public Pass {
  explicit RoutesPass(const std::string& path) : routes_path(path) {}

  void run(Module* module) override {
    ItemNames names;
    NameMap& targets = names[ModuleItemKind::Function];
    std::vector<CallRoute> within;
    for (const Route& route : ReadRoutes(routes_path)) {
      const std::vector<Function*> callers = MatchingCallers(*module, route);
      Function* original = Original(*module, route, callers);
      Function* guest = ExportedFunction(*module, route.guest);
      if (!guest || !IsGuestName(guest->name)) {
        throw PassError(route.where + ": the guest exports no function " + route.guest);
      }
      const std::string name = route.kind == Kind::kCaller ? "that function" : route.name;
      if (IsGuestName(original->name)) throw PassError(route.where + ": " + name + " is the guest's own already");
      if (original->type.getHeapType() != guest->type.getHeapType()) {
        std::ostringstream text;
        text << route.where << ": " << name << " is " << original->type.getHeapType() << ", " << route.guest << " is "
             << guest->type.getHeapType();
        throw PassError(text.str());
      }
      if (route.kind == Kind::kWithin) {
        for (Function* caller : callers) within.push_back({caller, original->name, guest->name});
      } else if (!targets.emplace(original->name, guest->name).second) {
        throw PassError(route.where + ": the function " + name + " has a route already");
      }
    }
    for (const CallRoute& route : within) {
      CallRedirector(route.from, route.to).walkFunctionInModule(route.caller, module);
    }
    Redirect(*module, names);
  }

  Function* Original(Module& module, const Route& route, const std::vector<Function*>& callers) {
    if (route.kind == Kind::kCaller) return callers.front();
    const bool is_import = route.kind == Kind::kImport;
    Function* original = is_import ? ImportedFunction(module, route.name) : ExportedFunction(module, route.name);
    if (original) return original;
    throw PassError(route.where + ": the module " + (is_import ? "imports" : "exports") + " no function " + route.name);
  }

  // The functions of kCaller and kWithin, in the module's order.
  std::vector<Function*> MatchingCallers(Module& module, const Route& route) {
    std::vector<Function*> found;
    if (route.kind != Kind::kCaller && route.kind != Kind::kWithin) return found;
    if (!graph) graph = std::make_unique<CallGraph>(module);
    std::unordered_map<Name, size_t> matches;
    for (const std::string& callee : route.callees) {
      Function* function = ExportedFunction(module, callee);
      if (!function) throw PassError(route.where + ": the module exports no function " + callee);
      for (Name caller : graph->DirectCallers(function->name)) matches[caller]++;
    }
    for (const auto& exported : module.exports) {
      if (exported->kind == ExternalKind::Function) matches.erase(*exported->getInternalName());
    }
    for (const auto& function : module.functions) {
      if (IsGuestName(function->name)) continue;
      const auto match = matches.find(function->name);
      if (match != matches.end() && match->second == route.callees.size()) found.push_back(function.get());
    }
    if (found.size() == route.count) return found;
    throw PassError(route.where + ": " + std::to_string(found.size()) +
                    " functions without an export call all of these, " + std::to_string(route.count) + " are expected");
  }

  void Redirect(Module& module, const ItemNames& names) {
    // Guest code is kept out by taking its bodies away while the rest of the module is walked.
    std::vector<std::pair<Function*, Expression*>> kept;
    for (auto& function : module.functions) {
      if (function->imported() || !IsGuestName(function->name)) continue;
      kept.emplace_back(function.get(), function->body);
      function->body = module.allocator.alloc<Nop>();
    }
    RenameUses(module, names, module);
    for (auto& [function, body] : kept) function->body = body;
  }

  const std::string routes_path;
  std::unique_ptr<CallGraph> graph;
};

}  // namespace

std::unique_ptr<wasm::Pass> CreateRoutesPass(const std::string& routes_path) {
  return std::make_unique<RoutesPass>(routes_path);
}

}  // namespace blockon
