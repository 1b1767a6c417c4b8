#include "jspi/util/trace.h"

#include <cstdio>
#include <cstdlib>

namespace blockon {

TraceFlags ParseTrace(std::string_view list) {
  TraceFlags flags;
  while (!list.empty()) {
    const size_t comma = list.find(',');
    const std::string_view name = list.substr(0, comma);
    if (name == "fibers") flags.fibers = true;
    if (name == "bridge") flags.bridge = true;
    if (name == "resets") flags.resets = true;
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return flags;
}

const TraceFlags& Trace() {
  static const TraceFlags flags = [] {
    const char* value = std::getenv("BLOCKON_TRACE");
    return ParseTrace(value ? value : "");
  }();
  return flags;
}

const char* FiberStateName(FiberState state) {
  static constexpr const char* kNames[kFiberStateCount] = {"Fresh", "Running", "Suspended", "Resuming", "Done"};
  const auto index = static_cast<size_t>(state);
  return index < kFiberStateCount ? kNames[index] : "?";
}

void TraceTransition(int id, FiberState from, FiberState to, bool allowed) {
  std::fprintf(stderr, "blockon: fiber %d %s -> %s%s\n", id, FiberStateName(from), FiberStateName(to),
               allowed ? "" : " refused");
}

}  // namespace blockon
