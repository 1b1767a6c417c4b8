// routes: the guest stands in for functions of the module.
//
// Each line of the file of routes sends the uses of one function to a function that the guest exports:
//
//   function EXPORT GUEST       the function that the module exports under this name
//   import MODULE.NAME GUEST    a function that the module imports
//
// A use is a direct call, a reference in a table or in code, and, for `function`, the export itself, so that JavaScript too
// reaches the guest. Code of the guest keeps the original: this is how it calls what it wraps. The types must be
// equal. Blank lines and lines that start with '#' are skipped.
//
// A name that is not there, or a route given twice, is an error: a route that does nothing would leave the module
// half rewritten. Not idempotent: `function` moves the export, so a second run finds the guest under the name and
// refuses.
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "ir/module-utils.h"
#include "jspi/passes/guest_names.h"
#include "jspi/passes/item_renamer.h"
#include "jspi/passes/module_lookup.h"
#include "jspi/passes/pass_error.h"
#include "jspi/passes/pass_registry.h"

namespace blockon {
namespace {

using namespace wasm;

struct Route {
  std::string where;  // FILE:LINE
  bool is_import;
  std::string name;
  std::string guest;
};

std::vector<Route> ReadRoutes(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw PassError(path + ": there is no such file, or it cannot be read");
  std::vector<Route> routes;
  std::string line;
  for (int number = 1; std::getline(file, line); number++) {
    const std::string where = path + ":" + std::to_string(number);
    std::istringstream words(line);
    std::string kind, name, guest, rest;
    words >> kind >> name >> guest >> rest;
    if (kind.empty() || kind[0] == '#') continue;
    if ((kind != "function" && kind != "import") || guest.empty() || !rest.empty()) {
      throw PassError(where + ": expected 'function EXPORT GUEST' or 'import MODULE.NAME GUEST', found '" + line + "'");
    }
    routes.push_back({where, kind == "import", name, guest});
  }
  return routes;
}

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
    for (const Route& route : ReadRoutes(routes_path)) {
      Function* original =
          route.is_import ? ImportedFunction(*module, route.name) : ExportedFunction(*module, route.name);
      if (!original) {
        throw PassError(route.where + ": the module " + (route.is_import ? "imports" : "exports") + " no function " +
                        route.name);
      }
      Function* guest = ExportedFunction(*module, route.guest);
      if (!guest || !IsGuestName(guest->name)) {
        throw PassError(route.where + ": the guest exports no function " + route.guest);
      }
      if (IsGuestName(original->name)) throw PassError(route.where + ": " + route.name + " is the guest's own already");
      if (original->type.getHeapType() != guest->type.getHeapType()) {
        std::ostringstream text;
        text << route.where << ": " << route.name << " is " << original->type.getHeapType() << ", " << route.guest
             << " is " << guest->type.getHeapType();
        throw PassError(text.str());
      }
      if (!targets.emplace(original->name, guest->name).second) {
        throw PassError(route.where + ": the function " + route.name + " has a route already");
      }
    }
    Redirect(*module, names);
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
};

}  // namespace

std::unique_ptr<wasm::Pass> CreateRoutesPass(const std::string& routes_path) {
  return std::make_unique<RoutesPass>(routes_path);
}

}  // namespace blockon
