// Memory that is kept back for what may not fail: asyncio lets go of a callback before it asks call_soon() for a handle, so a
// handle that cannot be made leaves its task waiting for ever.
//
// Owner: call_soon(), which has it filled again at each call.
#ifndef BLOCKON_JSPI_GUEST_MEMORY_RESERVE_H_
#define BLOCKON_JSPI_GUEST_MEMORY_RESERVE_H_

namespace blockon {

// Fills the reserve, if it is empty and there is memory.
void KeepMemoryReserve();

// Asked with an exception set. True for a MemoryError, while there is a reserve: the exception is cleared, the reserve is free for
// whoever allocates next, and what failed is to be tried again.
bool SpendMemoryReserve();

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_MEMORY_RESERVE_H_
