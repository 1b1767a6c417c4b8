// Who is told when a socket is ready: a fiber that waits, or a reader or writer of asyncio's event loop.
//
// The engine knows each by a token: an odd one is a fiber's, an even one a handle's of the event loop, which is run and watched for
// again until it is removed.
//
// Owner: the interpreter. With a thread state attached, but for blockon_socket_ready.
#ifndef BLOCKON_JSPI_GUEST_SOCKET_WATCH_H_
#define BLOCKON_JSPI_GUEST_SOCKET_WATCH_H_

#include <stdint.h>

#include "python_api.h"

namespace blockon {

inline uint32_t FiberToken(int fiber_id) { return static_cast<uint32_t>(fiber_id) * 2 + 1; }

// watch_socket and unwatch_socket of the module _blockon.
extern PyMethodDef socket_watch_methods[];

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_SOCKET_WATCH_H_
