// Who holds a lock that has no room for an owner: the call that took it last, for messages alone.
//
// A mutex is one byte (mutex.h), and whoever acquires one passes through the guest. So a small table by address is written at each
// acquisition. It is a hint: locks that share an entry make each other unknown, never wrong, since the address is compared; and
// a plain lock may be released by anyone.
//
// Owner: the interpreter. Called on any stack.
#ifndef BLOCKON_JSPI_GUEST_LOCK_HOLDERS_H_
#define BLOCKON_JSPI_GUEST_LOCK_HOLDERS_H_

#include "fiber.h"

namespace blockon {

struct LockHolder {
  const void* lock;
  uint32_t call;  // Fiber::call(); 0 outside of any fiber
};

// A power of two: 8 KiB in all.
constexpr uint32_t kLockHolders = 1024;
extern LockHolder lock_holders[kLockHolders];

// Python's locks take up 16 bytes each.
inline LockHolder* EntryOf(const void* lock) {
  return &lock_holders[reinterpret_cast<uint32_t>(lock) / 16 % kLockHolders];
}

// The caller has just acquired it.
inline void NoteHolder(const void* lock) {
  const Fiber* fiber = Fiber::Current();
  *EntryOf(lock) = {lock, fiber ? fiber->call() : 0};
}

// The live fiber that took the lock last; null when that is not known, or its call has ended. Whether the lock is held still is
// the lock's to say.
Fiber* FindHolder(const void* lock);

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_LOCK_HOLDERS_H_
