// link-table: what only side modules ask for is no export any more, and is found by its number.
//
// A main module that may be linked with others exports each of its symbols, thousands, of which JavaScript itself uses a few: each is an
// object of V8's in each instance, and Emscripten's linker makes several more of it. Here
// the exports that the first file of the argument names stay (one a line), with those that are no functions and no constant
// addresses. All others go, and the second file gets what a linker needs instead, as JSON:
//
//   {"functions": {NAME: SLOT, ...}, "data": {NAME: ADDRESS, ...}}
//
// for all, those that stay as well. A function without a slot in the table gets one, so that its address does not depend on when
// it was asked for first. The table has those slots when somebody has called the new export blockon_link, before it becomes longer by
// anything else: an instance without side modules pays nothing for them.
//
//   (table N + 1) (elem $blockon$link func ...M)    (func (export "blockon_link") (table.grow M) (table.init N+1 0 M) (elem.drop))
//
// The slot before them is for the one function that Emscripten's glue puts into the table of each instance as it starts
// (patches/314.0.7/0062-links.toml). V8 makes a table that grows at least twice as long: an instance that grew for that alone would take a third of a
// megabyte more.
//
// Rejected: to fill these slots at once, which V8 takes longer for than for the rest of an instance's making. Rejected: slots behind
// those that there are when they are asked for: addresses in a memory snapshot would depend on what was loaded before.
//
// Not idempotent: the second run finds its export taken and says so. Deterministic.
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "jspi/passes/module_lookup.h"
#include "jspi/passes/pass_error.h"
#include "jspi/passes/pass_registry.h"
#include "jspi/passes/table_slots.h"
#include "wasm-builder.h"

namespace blockon {
namespace {

using namespace wasm;

constexpr const char* kLink = "blockon_link";
constexpr uint32_t kSlotsOfGlue = 1;

std::set<std::string> ReadNames(Module& module, const std::string& path) {
  std::ifstream file(path);
  if (!file) throw PassError(path + ": there is no such file, or it cannot be read");
  std::set<std::string> names;
  std::string line;
  for (int number = 1; std::getline(file, line); number++) {
    if (line.empty() || line[0] == '#') continue;
    if (!module.getExportOrNull(line)) {
      throw PassError(path + ":" + std::to_string(number) + ": the module exports no " + line);
    }
    names.insert(line);
  }
  return names;
}

// Whether JavaScript can do without the export, knowing its value.
bool IsAddress(Module& module, Export& exported) {
  if (exported.kind != ExternalKind::Global) return false;
  const Global* global = module.getGlobal(*exported.getInternalName());
  return !global->imported() && !global->mutable_ && global->type == Type::i32 && global->init->is<Const>();
}

using Numbers = std::map<std::string, uint32_t>;

void WriteNumbers(std::ostream& out, const char* kind, const Numbers& numbers) {
  out << '"' << kind << "\":{";
  const char* between = "";
  for (const auto& [name, number] : numbers) {
    // Names of C and C++ are the same in JSON.
    if (name.find_first_of("\"\\") != std::string::npos) {
      throw PassError("link-table: the export " + name + " cannot be written as it is");
    }
    out << between << '"' << name << "\":" << number;
    between = ",";
  }
  out << "}";
}

struct LinkTablePass : public Pass {
  explicit LinkTablePass(const std::string& argument) {
    const size_t comma = argument.find(',');
    kept_path = argument.substr(0, comma);
    if (comma != std::string::npos) numbers_path = argument.substr(comma + 1);
  }

  void run(Module* module) override {
    if (numbers_path.empty()) throw PassError("link-table: two files are needed, with a comma between them");
    if (module->getExportOrNull(kLink)) throw PassError(std::string("the module exports ") + kLink + " already");
    const std::set<std::string> kept = ReadNames(*module, kept_path);
    TableSlots slots(*module);
    slots.Leave(kSlotsOfGlue);
    Numbers functions, data;
    for (const auto& exported : module->exports) {
      const std::string name = exported->name.toString();
      if (exported->kind == ExternalKind::Function) {
        functions[name] = slots.SlotOf(*exported->getInternalName());
      } else if (IsAddress(*module, *exported)) {
        data[name] = module->getGlobal(*exported->getInternalName())->init->cast<Const>()->value.geti32();
      }
    }
    module->removeExports([&](Export* exported) {
      const std::string name = exported->name.toString();
      return !kept.contains(name) && (functions.contains(name) || data.contains(name));
    });
    AddLink(*module, slots);
    module->updateMaps();
    Write(functions, data);
  }

  static void AddLink(Module& module, TableSlots& slots) {
    const Name segment("blockon$link");
    std::vector<Expression*> references = slots.NewReferences();
    const auto count = int32_t(references.size());
    slots.Begin(slots.first());
    auto passive = std::make_unique<ElementSegment>(Name(), nullptr, slots.table().type, references);
    passive->setExplicitName(segment);
    module.addElementSegment(std::move(passive));
    Builder builder(module);
    // Without memory for them the segment fits nowhere, which traps.
    Expression* grow = builder.makeDrop(
        builder.makeTableGrow(slots.table().name, builder.makeRefNull(slots.table().type.getHeapType().getBottom()),
                              builder.makeConst(count)));
    Expression* fill =
        builder.makeTableInit(segment, builder.makeConst(int32_t(slots.first())), builder.makeConst(int32_t(0)),
                              builder.makeConst(count), slots.table().name);
    Function* link =
        module.addFunction(Builder::makeFunction(Name("blockon$link"), Signature(Type::none, Type::none), {},
                                                 builder.makeBlock({grow, fill, builder.makeElemDrop(segment)})));
    module.addExport(Builder::makeExport(kLink, link->name, ExternalKind::Function));
  }

  void Write(const Numbers& functions, const Numbers& data) const {
    std::ofstream file(numbers_path);
    file << "{";
    WriteNumbers(file, "functions", functions);
    file << ",";
    WriteNumbers(file, "data", data);
    file << "}\n" << std::flush;
    if (!file) throw PassError(numbers_path + ": cannot write there");
  }

  std::string kept_path;
  std::string numbers_path;
};

}  // namespace

std::unique_ptr<wasm::Pass> CreateLinkTablePass(const std::string& argument) {
  return std::make_unique<LinkTablePass>(argument);
}

}  // namespace blockon
