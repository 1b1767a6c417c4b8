// A standstill: all fibers wait, and nothing that this interpreter knows of will wake one: no callback is ready, no timer is set.
//
// JavaScript may still call Python, or settle a promise, so it is the host that tells a deadlock from a pause: in an embedder's
// process when its loop is empty (beforeExit), in a Worker after some seconds with no timer and no operation of the realm. What is
// said and done then is Python's: shims/blockon/_deadlock.py.
//
// Called on the event loop's stack; the methods on any.
#ifndef BLOCKON_JSPI_GUEST_STANDSTILL_H_
#define BLOCKON_JSPI_GUEST_STANDSTILL_H_

#include "python_api.h"

namespace blockon {

// -1 when there is none. Else a number that stays the same until a fiber is switched to or from: Fiber::switches().
int Standstill();

extern PyMethodDef standstill_methods[];

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_STANDSTILL_H_
