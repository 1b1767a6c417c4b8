// A mutex with an owner, which may lock it again: CPython's _PyRecursiveMutex, under RLock, the import lock and that of warnings.
//
// The owner is a fiber, or an asyncio task (owner.h). What a fiber that has ended still holds may be released by anyone.
#ifndef BLOCKON_JSPI_GUEST_RECURSIVE_MUTEX_H_
#define BLOCKON_JSPI_GUEST_RECURSIVE_MUTEX_H_

#include "owner.h"
#include "parking_lot.h"

namespace blockon {

// Laid out as CPython's; the mutex comes first, so that a pointer to it is one to the whole.
struct RecursiveMutex {
  uint8_t mutex;
  Owner owner;     // 0: nobody
  uint32_t level;  // how often the owner locked it again

  // Whether the caller may release it.
  bool Mine() const { return IsCurrent(owner) || HasEnded(owner); }
};
static_assert(offsetof(RecursiveMutex, owner) == 8 && offsetof(RecursiveMutex, level) == 16);

// False, with an exception set, for Interrupts::kReturn only.
bool LockRecursive(RecursiveMutex* recursive, Interrupts interrupts);
// False when it is not the caller's.
bool UnlockRecursive(RecursiveMutex* recursive);

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_RECURSIVE_MUTEX_H_
