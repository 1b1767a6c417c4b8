// The interval timer of an interpreter (signal.setitimer, signal.alarm), which wasm has none of: SIGALRM each time that it runs out.
//
// The signal goes to the fiber that set it: a block that is to be left after a second is that fiber's, whoever else waits or runs
// then. A thread's goes to the main thread, as everywhere, and so does that of a fiber that has ended (GiveSignal).
#ifndef BLOCKON_JSPI_GUEST_INTERVAL_TIMER_H_
#define BLOCKON_JSPI_GUEST_INTERVAL_TIMER_H_

#include "python_api.h"

namespace blockon {

extern PyMethodDef interval_timer_methods[];

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_INTERVAL_TIMER_H_
