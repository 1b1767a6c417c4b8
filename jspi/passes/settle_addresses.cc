// settle-addresses: the addresses that a module asks a dynamic linker for become constants.
//
// A main module that may be linked with others (emcc -sMAIN_MODULE) imports the address of what it does not define: GOT.func.X of a
// function, GOT.mem.X of data. Emscripten's linker finds them by name in JavaScript, and makes a wasm function of each of
// JavaScript's that has its address taken: a module is compiled and instantiated for it. Most of those are parts of the library that
// have no meaning where there is no page. Here each becomes a constant, and the functions a part of the table from the beginning:
//
//   GOT.func.X   the slot of the module's export X, of its import env.X, or of a new import
//   GOT.mem.X    the address of the module's exported data X
//
// The file of the argument says what the module does not:
//
//   import NAME [TYPE ...]   the function NAME is imported from env, with parameters of these types and without a result
//   absent NAME              nobody has it where this module runs: its address is 0. A name that ends with * stands for all
//                            that begin with it
//
// A line that none needs is an error. Deterministic; a second run finds nothing to do, and so its lines are errors.
#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "ir/module-utils.h"
#include "jspi/passes/module_lookup.h"
#include "jspi/passes/pass_error.h"
#include "jspi/passes/pass_registry.h"
#include "jspi/passes/table_slots.h"
#include "wasm-builder.h"

namespace blockon {
namespace {

using namespace wasm;

struct Line {
  std::string where;
  // Absent where nothing is said of types.
  std::vector<Type> parameters{};
  bool used = false;
};

struct Rules {
  std::map<std::string, Line> imports{};
  std::map<std::string, Line> absent{};
  // By what they begin with.
  std::map<std::string, Line> absent_all{};
};

Type TypeOf(const std::string& where, const std::string& word) {
  if (word == "i32") return Type::i32;
  if (word == "i64") return Type::i64;
  if (word == "f32") return Type::f32;
  if (word == "f64") return Type::f64;
  throw PassError(where + ": " + word + " is no type of a number");
}

Rules ReadRules(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw PassError(path + ": there is no such file, or it cannot be read");
  Rules rules;
  std::string text;
  for (int number = 1; std::getline(file, text); number++) {
    Line line{.where = path + ":" + std::to_string(number)};
    std::istringstream words(text);
    std::string kind, name, word;
    words >> kind >> name;
    if (kind.empty() || kind[0] == '#') continue;
    std::vector<std::string> rest;
    while (words >> word) rest.push_back(word);
    if (name.empty() || (kind != "import" && kind != "absent") || (kind == "absent" && !rest.empty())) {
      throw PassError(line.where + ": expected 'import NAME [TYPE ...]' or 'absent NAME', found '" + text + "'");
    }
    for (const std::string& type : rest) line.parameters.push_back(TypeOf(line.where, type));
    auto* lines = kind == "import" ? &rules.imports : &rules.absent;
    if (kind == "absent" && name.back() == '*') {
      name.pop_back();
      lines = &rules.absent_all;
    }
    if (!lines->emplace(name, line).second) throw PassError(line.where + ": " + name + " has a line already");
  }
  return rules;
}

// Whether nobody has it.
bool IsAbsent(Rules& rules, const std::string& name) {
  const auto exact = rules.absent.find(name);
  if (exact != rules.absent.end()) return exact->second.used = true;
  for (auto& [begin, line] : rules.absent_all) {
    if (name.starts_with(begin)) return line.used = true;
  }
  return false;
}

class AddressSettler {
 public:
  AddressSettler(Module& module, Rules& rules) : module_(module), rules_(rules), slots_(module) {}

  void Run() {
    std::vector<Global*> asked;
    ModuleUtils::iterImportedGlobals(module_, [&](Global* global) {
      if (global->module == "GOT.func" || global->module == "GOT.mem") asked.push_back(global);
    });
    std::string problems;
    for (Global* global : asked) {
      uint32_t address = 0;
      if (!Find(*global, &address)) {
        problems += "\n  " + ImportLabel(*global) + ": the module has none of this name, nor does a line";
        continue;
      }
      global->module = global->base = Name();
      global->mutable_ = false;
      global->init = Builder(module_).makeConst(int32_t(address));
    }
    if (!problems.empty()) throw PassError("settle-addresses: addresses that nobody knows:" + problems);
    slots_.Fill("blockon$addresses");
    module_.updateMaps();
  }

 private:
  bool Find(const Global& asked, uint32_t* address) {
    const std::string name = asked.base.toString();
    if (asked.module == "GOT.mem") {
      Export* found = FindExport(module_, name, ExternalKind::Global);
      const Global* data = found ? module_.getGlobal(*found->getInternalName()) : nullptr;
      if (data && !data->imported() && !data->mutable_ && data->init->is<Const>()) {
        *address = data->init->cast<Const>()->value.geti32();
        return true;
      }
      return IsAbsent(rules_, name);
    }
    const Function* function = ExportedFunction(module_, name);
    if (!function) function = Imported(name);
    if (!function) function = NewImport(name);
    if (!function) return IsAbsent(rules_, name);
    *address = slots_.SlotOf(function->name);
    return true;
  }

  const Function* Imported(const std::string& name) {
    const Function* found = nullptr;
    ModuleUtils::iterImportedFunctions(module_, [&](Function* import) {
      if (import->module == "env" && import->base == name) found = import;
    });
    return found;
  }

  const Function* NewImport(const std::string& name) {
    const auto line = rules_.imports.find(name);
    if (line == rules_.imports.end()) return nullptr;
    line->second.used = true;
    const Signature signature(Type(line->second.parameters), Type::none);
    auto function = Builder::makeFunction(Name("blockon$address$" + name), Type(signature, NonNullable, Inexact), {});
    function->module = "env";
    function->base = name;
    return module_.addFunction(std::move(function));
  }

  Module& module_;
  Rules& rules_;
  TableSlots slots_;
};

struct SettleAddressesPass : public Pass {
  explicit SettleAddressesPass(const std::string& path) : rules_path(path) {}

  void run(Module* module) override {
    Rules rules = ReadRules(rules_path);
    AddressSettler(*module, rules).Run();
    for (const auto* lines : {&rules.imports, &rules.absent, &rules.absent_all}) {
      for (const auto& [name, line] : *lines) {
        if (!line.used) throw PassError(line.where + ": the module does not ask for the address of " + name);
      }
    }
  }

  const std::string rules_path;
};

}  // namespace

std::unique_ptr<wasm::Pass> CreateSettleAddressesPass(const std::string& rules_path) {
  return std::make_unique<SettleAddressesPass>(rules_path);
}

}  // namespace blockon
