// threading.Condition, where that is plain: `with` over one of _thread's locks, notify() where nobody waits. Each item that goes through a
// queue.Queue is twice both, and in Python they are half of its price.
//
// CPython's functions stay for all else: other locks, a subclass's methods, somebody who waits, wrong arguments.
//
// Called on any stack, with a thread state attached.
#ifndef BLOCKON_JSPI_GUEST_CONDITION_H_
#define BLOCKON_JSPI_GUEST_CONDITION_H_

#include "python_api.h"

namespace blockon {

// A function of the module _blockon for the Python half.
extern PyMethodDef condition_methods[];

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_CONDITION_H_
