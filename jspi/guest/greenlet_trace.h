// The trace function of settrace(), which is told of each switch in its thread, in the greenlet that was switched to.
#ifndef BLOCKON_JSPI_GUEST_GREENLET_TRACE_H_
#define BLOCKON_JSPI_GUEST_GREENLET_TRACE_H_

#include "greenlet_switch.h"

namespace blockon {

// From `origin` (null: the main greenlet) to the one that runs this. False with an exception set, which is to be raised in place of what
// the parcel has: the function raised it, and is forgotten.
bool TraceSwitch(Greenlet* origin, const OwnedParcel* parcel);

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_GREENLET_TRACE_H_
