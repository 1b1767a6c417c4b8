// What BLOCKON_TRACE in the environment asks for: a comma-separated list of "fibers", "bridge" and "resets". Read once.
#ifndef BLOCKON_JSPI_UTIL_TRACE_H_
#define BLOCKON_JSPI_UTIL_TRACE_H_

#include <string_view>

#include "jspi/util/fiber_state.h"

namespace blockon {

struct TraceFlags {
  bool fibers = false;
  bool bridge = false;
  bool resets = false;
};

// Names that are not known are ignored here and reported by the command line.
TraceFlags ParseTrace(std::string_view list);

// The flags of this process's environment.
const TraceFlags& Trace();

const char* FiberStateName(FiberState state);

// One line to stderr: "blockon: fiber 7 Running -> Suspended", with " refused" behind it when it was.
void TraceTransition(int id, FiberState from, FiberState to, bool allowed);

}  // namespace blockon

#endif  // BLOCKON_JSPI_UTIL_TRACE_H_
