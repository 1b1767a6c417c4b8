// Where CPython keeps sys.getswitchinterval(): a word that the slice clock reads (time_slices.h).
#ifndef BLOCKON_JSPI_GUEST_SWITCH_INTERVAL_H_
#define BLOCKON_JSPI_GUEST_SWITCH_INTERVAL_H_

#include <stdint.h>

namespace blockon {

// In microseconds. Called with a thread state attached.
const uint32_t* SwitchInterval();

// Whether this build of CPython keeps it where SwitchInterval() reads; asked once, when Python has started.
bool SwitchIntervalIsAsExpected();

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_SWITCH_INTERVAL_H_
