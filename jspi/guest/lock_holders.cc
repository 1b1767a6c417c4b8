#include "lock_holders.h"

namespace blockon {

LockHolder lock_holders[kLockHolders];

Fiber* FindHolder(const void* lock) {
  const LockHolder* entry = EntryOf(lock);
  if (entry->lock != lock || entry->call == 0) return nullptr;
  Fiber* fiber = Fiber::Youngest();
  while (fiber && fiber->call() != entry->call) fiber = fiber->older();
  return fiber;
}

}  // namespace blockon
