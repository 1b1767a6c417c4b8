// Who owns a lock: the call that runs on a fiber (Fiber::call()), and not the thread, which all entry fibers share.
//
// CPython keeps a number for the owner (in an RLock, a buffered file, importlib's dicts) and compares it. A call's is odd and not
// used again for two thousand million calls; outside of any fiber it is the low half of the main thread's ident, which is even.
//
// A greenlet's is that of the task or thread that it runs in, as its thread is the owner elsewhere.
//
// An RLock's owner is the asyncio task as well, if one was running: in its high half. A task that awaits inside of `with rlock` goes
// on in another turn of the event loop, on another fiber, and is the owner still.
//
// Called on any stack.
#ifndef BLOCKON_JSPI_GUEST_OWNER_H_
#define BLOCKON_JSPI_GUEST_OWNER_H_

#include "fiber.h"

namespace blockon {

// The call alone.
uint32_t CurrentCall();

// By what CPython knows a thread that is a fiber, and by what it owns locks.
uint32_t ThreadIdent(const Fiber* thread);

// 0 is nobody.
using Owner = uint64_t;

Owner CurrentOwner();

// The same call, or the same asyncio task.
bool IsCurrent(Owner owner);

// The fiber that runs the owner's call; null for the main thread and for a call that has ended.
Fiber* FindOwner(Owner owner);

// Its call has ended: what it still holds may be released by anyone.
bool HasEnded(Owner owner);

// Whether the owner can do nothing before its fiber runs again: it is no task, or the one that runs on that fiber.
bool IsBoundTo(Owner owner, const Fiber* fiber);

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_OWNER_H_
