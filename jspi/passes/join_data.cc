// join-data: data segments that lie close to each other become one.
//
// A linker leaves zeros out, and so makes a segment of each few bytes between them: of Pyodide 14,579. V8 keeps a word and more of each in each
// instance, and looks at them one by one when it makes one. Here those with at most as many zeros between them as the argument says are
// one segment, which has the zeros, in the order of their places. What the memory holds afterwards is the same, if nothing else
// wrote to it before: it has to be the module's own, its segments at constant places, and none over another.
//
// Passive segments, and those that instructions name, stay as they are.
//
// Rejected: one segment for all, which has 0.3 MB more of zeros and saves nothing beside.
//
// Idempotent and deterministic.
#include <algorithm>
#include <charconv>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "ir/find_all.h"
#include "jspi/passes/pass_error.h"
#include "jspi/passes/pass_registry.h"
#include "wasm-builder.h"

namespace blockon {
namespace {

using namespace wasm;

uint64_t ReadGap(const std::string& argument) {
  uint64_t gap = 0;
  const char* const end = argument.data() + argument.size();
  const auto [rest, error] = std::from_chars(argument.data(), end, gap);
  if (error != std::errc() || rest != end) {
    throw PassError("join-data: expected a number of bytes, found '" + argument + "'");
  }
  return gap;
}

// Those that an instruction names.
std::set<Name> NamedSegments(Module& module) {
  std::set<Name> named;
  for (const auto& function : module.functions) {
    if (function->imported()) continue;
    for (auto* each : FindAll<MemoryInit>(function->body).list) named.insert(each->segment);
    for (auto* each : FindAll<DataDrop>(function->body).list) named.insert(each->segment);
  }
  return named;
}

struct Placed {
  uint64_t at;
  DataSegment* segment;
  uint64_t end() const { return at + segment->data.size(); }
};

// The active ones, by their places. Throws PassError where that is not all there is to say of the memory.
std::vector<Placed> PlacedSegments(Module& module) {
  std::vector<Placed> placed;
  for (const auto& segment : module.dataSegments) {
    if (segment->isPassive()) continue;
    if (module.getMemory(segment->memory)->imported()) throw PassError("join-data: the memory is imported");
    if (module.memories.size() != 1) throw PassError("join-data: the module has several memories");
    const auto* offset = segment->offset->dynCast<Const>();
    if (!offset) throw PassError("join-data: a data segment begins at no constant");
    placed.push_back({offset->value.getUnsigned(), segment.get()});
  }
  std::stable_sort(placed.begin(), placed.end(),
                   [](const Placed& one, const Placed& other) { return one.at < other.at; });
  for (size_t i = 1; i < placed.size(); i++) {
    if (placed[i].at < placed[i - 1].end()) throw PassError("join-data: a data segment lies over another");
  }
  return placed;
}

struct JoinDataPass : public Pass {
  explicit JoinDataPass(const std::string& argument) : gap(ReadGap(argument)) {}

  void run(Module* module) override {
    const std::vector<Placed> placed = PlacedSegments(*module);
    const std::set<Name> named = NamedSegments(*module);
    std::set<Name> joined;
    const Placed* last = nullptr;
    for (const Placed& each : placed) {
      const bool stays = named.contains(each.segment->name);
      std::vector<char>* before = last ? &last->segment->data : nullptr;
      if (!stays && last && each.at - last->end() <= gap) {
        before->resize(each.at - last->at);
        before->insert(before->end(), each.segment->data.begin(), each.segment->data.end());
        joined.insert(each.segment->name);
      } else {
        last = stays ? nullptr : &each;
      }
    }
    module->removeDataSegments([&](DataSegment* segment) { return joined.contains(segment->name); });
  }

  const uint64_t gap;
};

}  // namespace

std::unique_ptr<wasm::Pass> CreateJoinDataPass(const std::string& argument) {
  return std::make_unique<JoinDataPass>(argument);
}

}  // namespace blockon
