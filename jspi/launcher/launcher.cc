// The command blockon as the npm package has it: starts the CLI in the Node of the package, and stays as that process's supervisor. A Node
// that only did this took 30 ms of a start's processor time.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "jspi/launcher/places.h"
#include "jspi/launcher/supervisor.h"

namespace {

constexpr std::string_view kCache = "NODE_COMPILE_CACHE=";
constexpr std::string_view kChannel = "NODE_CHANNEL_";
// heapArguments of runtime/v8_flags.mjs.
constexpr const char* kHeap = "--max-semi-space-size=4";

// This process's, with the channel's, and with the place for what V8 makes of JavaScript unless its user has all elsewhere
// (runtime/cli/main.ts takes that from what its own children get).
std::vector<std::string> Environment() {
  std::vector<std::string> variables;
  for (char** each = environ; *each != nullptr; each++) {
    if (!std::string_view(*each).starts_with(kChannel)) variables.emplace_back(*each);
  }
  const bool has_cache = std::any_of(variables.begin(), variables.end(),
                                     [](const std::string& variable) { return variable.starts_with(kCache); });
  if (!has_cache) variables.push_back(std::string(kCache) + blockon::CompileCache());
  variables.emplace_back("NODE_CHANNEL_FD=3");
  variables.emplace_back("NODE_CHANNEL_SERIALIZATION_MODE=json");
  return variables;
}

}  // namespace

int main(int argc, char** argv) {
  blockon::Places places;
  if (const std::string why = blockon::FindPlaces(&places); !why.empty()) {
    std::fprintf(stderr, "blockon: %s\n", why.c_str());
    return 1;
  }
  std::vector<std::string> command{places.node, kHeap};
  command.push_back(places.cli);
  command.insert(command.end(), argv + std::min(1, argc), argv + argc);
  const std::string_view verb = argc > 1 ? argv[1] : "";
  blockon::Supervisor supervisor(command, Environment(), verb == "serve" || verb == "dev");
  return supervisor.Run();
}
