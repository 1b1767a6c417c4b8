// Whether a request has left anything for Python to end before a reset, so that the others run no Python then, which writes to pages of
// its own: flushing a stream that has nothing to write takes more of them than a small request.
//
// The objects that would hold it are compared with what they were when there was nothing: sys.stdout and sys.stderr, with their buffers, and
// others that are given, all byte by byte.
//
// Owned by the interpreter's memory, and reset with it. Noted once, before the checkpoint, with a thread state attached. Asked on the event
// loop's stack. Nothing here waits.
#ifndef BLOCKON_JSPI_GUEST_UNWRITTEN_H_
#define BLOCKON_JSPI_GUEST_UNWRITTEN_H_

#include "python_api.h"

namespace blockon {

extern PyMethodDef unwritten_methods[];

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_UNWRITTEN_H_
