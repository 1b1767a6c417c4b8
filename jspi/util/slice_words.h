// What a guest and the process's slice clock (slice_clock.h) tell one another, in the guest's linear memory.
//
// The guest is WebAssembly without shared memory: it reads and writes plainly, and so one side's write may be lost to the other's
// in the same moment. Nothing here counts on a single write: the clock asks again until the turn is another one.
#ifndef BLOCKON_JSPI_UTIL_SLICE_WORDS_H_
#define BLOCKON_JSPI_UTIL_SLICE_WORDS_H_

#include <stdint.h>

namespace blockon {

struct SliceWords {
  // The guest's. 1 while a fiber runs that is to give way in time.
  uint32_t running;
  // The guest's. Another number since the host's event loop turned.
  uint32_t turn;
  // 1 while the clock looks at these words; where it is 0 the guest asks it to. The clock's, but for the guest's first 0.
  uint32_t watched;
  // The guest's, set once: addresses of words of CPython's. The switch interval in microseconds (gil->interval); the countdown of
  // the evaluation loop to its next look for signals; the signal that it then finds, 0 for none.
  uint32_t interval;
  uint32_t countdown;
  uint32_t signal;
};

// What the clock writes for a signal: the slice is over. No number of a signal.
constexpr uint32_t kSliceIsOver = 0x511CE;

}  // namespace blockon

#endif  // BLOCKON_JSPI_UTIL_SLICE_WORDS_H_
