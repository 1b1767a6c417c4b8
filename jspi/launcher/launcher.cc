// The command blockon as the npm package has it: starts the CLI in the Node of the package, and stays as that process's supervisor. A Node
// that only did this took 30 ms of a start's processor time.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "jspi/launcher/places.h"
#include "jspi/launcher/server_process.h"
#include "jspi/launcher/start_record.h"
#include "jspi/launcher/supervisor.h"

namespace {

constexpr std::string_view kCache = "NODE_COMPILE_CACHE=";
// What only a launcher may say, and of its own child.
constexpr std::string_view kRecord = "BLOCKON_START_RECORD=";
constexpr std::string_view kSocket = "BLOCKON_LAUNCHER_FD=";
constexpr std::string_view kOwn[] = {"NODE_CHANNEL_", kSocket, kRecord, "BLOCKON_HANDED="};
// heapArguments of runtime/v8_flags.mjs, and youngSpace.
constexpr const char* kHeap = "--max-semi-space-size=4";
constexpr const char* kYoungSpace = "--min-semi-space-size=4";

// This process's, with the socket's, and with the place for what V8 makes of JavaScript unless its user has all elsewhere
// (runtime/cli/main.ts takes that from what its own children get).
std::vector<std::string> Environment(const std::string& cache, const std::string& record) {
  std::vector<std::string> variables;
  for (char** each = environ; *each != nullptr; each++) {
    const std::string_view variable(*each);
    const auto begins = [variable](std::string_view start) { return variable.starts_with(start); };
    if (std::none_of(std::begin(kOwn), std::end(kOwn), begins)) variables.emplace_back(variable);
  }
  const bool has_cache = std::any_of(variables.begin(), variables.end(),
                                     [](const std::string& variable) { return variable.starts_with(kCache); });
  if (!has_cache) variables.push_back(std::string(kCache) + cache + "/node");
  if (!record.empty()) variables.push_back(std::string(kRecord) + record);
  variables.push_back(std::string(kSocket) + std::to_string(blockon::ServerProcess::kSocket));
  return variables;
}

std::string_view Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Not those of a checkout, nor where what would be noted is not used.
bool NotesStarts(std::string_view verb, std::string_view cli) {
  return verb == "serve" && !cli.ends_with(".ts") && Variable("BLOCKON_SNAPSHOTS") != "off" &&
         Variable("NODE_OPTIONS").empty();
}

}  // namespace

int main(int argc, char** argv) {
  blockon::Places places;
  if (const std::string why = blockon::FindPlaces(&places); !why.empty()) {
    std::fprintf(stderr, "blockon: %s\n", why.c_str());
    return 1;
  }
  std::vector<std::string> command{places.node, kHeap};
  if (!places.cli.ends_with(".ts")) command.emplace_back(kYoungSpace);
  command.push_back(places.cli);
  command.insert(command.end(), argv + std::min(1, argc), argv + argc);
  const std::string_view verb = argc > 1 ? argv[1] : "";
  const std::vector<std::string> arguments(argv + std::min(1, argc), argv + argc);
  const std::string cache = blockon::CacheFolder();
  const std::string record = NotesStarts(verb, places.cli) ? blockon::StartRecordFile(cache, arguments) : "";
  blockon::Supervisor supervisor(command, Environment(cache, record), verb == "serve" || verb == "dev",
                                 [&] { return blockon::ReadStartRecord(record, arguments); });
  return supervisor.Run();
}
