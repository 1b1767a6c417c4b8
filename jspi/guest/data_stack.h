// Memory for Python frames: the pieces of 16 KiB that CPython takes for a thread state when the one before is full, and gives back when its
// last frame ends.
//
// A loop whose calls cross the end of a piece takes one and gives it back in each call, and CPython's own way to get memory fills it with
// zeros, which nobody needs: 0.5 us. So some that were given back are kept for the next who asks, as they are; and a piece that a
// thread has used a page of takes up that page alone.
//
// Owner: CPython's arena allocator, which has no other use for pieces of this size.
#ifndef BLOCKON_JSPI_GUEST_DATA_STACK_H_
#define BLOCKON_JSPI_GUEST_DATA_STACK_H_

namespace blockon {

// Once, before the first fiber. False when the main thread's frames are in more than its first piece, which it never gives back.
bool KeepDataStacks();

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_DATA_STACK_H_
