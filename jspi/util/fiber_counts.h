// How many fibers an interpreter has. The guest counts in linear memory, the engine reads there: the layout is the same in
// wasm and on the host.
//
// Includes no standard library: the guest is compiled without one.
#ifndef BLOCKON_JSPI_UTIL_FIBER_COUNTS_H_
#define BLOCKON_JSPI_UTIL_FIBER_COUNTS_H_

#include <stdint.h>

#include "jspi/util/fiber_state.h"

namespace blockon {

struct FiberCounts {
  int64_t created = 0;
  int32_t live = 0;
  int32_t peak = 0;
  int32_t by_state[kFiberStateCount] = {};  // Done is not counted: it stays 0
};

static_assert(sizeof(FiberCounts) == 40 && alignof(FiberCounts) == 8);

}  // namespace blockon

#endif  // BLOCKON_JSPI_UTIL_FIBER_COUNTS_H_
