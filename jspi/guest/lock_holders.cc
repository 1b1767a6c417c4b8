#include "lock_holders.h"

namespace blockon {

LockHolder lock_holders[kLockHolders];

Fiber* FindHolder(const void* lock) {
  const LockHolder* entry = EntryOf(lock);
  if (entry->lock != lock || entry->call == 0) return nullptr;
  return Fiber::FindCall(entry->call);
}

}  // namespace blockon
