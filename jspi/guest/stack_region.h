// Pooled regions of linear memory, each the C stack ("shadow stack") of one fiber.
//
// Wasm keeps what has an address (arrays, structs passed by pointer, anything that CPython's collector
// may walk) in linear memory, below the global __stack_pointer; V8 switches the rest by itself. A fiber
// owns its region from entry to end: nothing is copied or evicted, so a pointer into a suspended fiber's
// frames stays good. CPython 3.14's incremental collector follows such pointers.
//
//    low                                                                              high
//    +----------+----------------------------------------------------------+-------------+
//    | canary   |  spare  |  free      ...    <- frames grow downwards  | frames | data stack |
//    +----------+----------------------------------------------------------+-------------+
//    ^ start              ^ limit given to CPython, top - budget                ^ top
//
// The data stack is the first piece of the stack of Python frames (thread_state.h): a shallow fiber has both in one page.
//
// Owner: the pool, for the life of the interpreter; regions are never given back to malloc, so addresses stay at the high-water
// mark of concurrent fibers. Their pages do not: those of regions that were free for a while go back to the system.
// Invariant 3: a region belongs to one fiber until that fiber is done.
// Invariant 4: its canary is intact whenever its fiber suspends or ends.
#ifndef BLOCKON_JSPI_GUEST_STACK_REGION_H_
#define BLOCKON_JSPI_GUEST_STACK_REGION_H_

#include <stdint.h>

#include "python_api.h"
#include "thread_state.h"

namespace blockon {

// As deep as CPython's recursion limit goes in imports and calls. How much of it Python may use is the engine's to say
// (blockon_stack_budget), since it depends on the size of V8's stacks; docs/architecture.md, "Three stacks that must
// agree".
constexpr uint32_t kStackRegionSize = 256 * 1024;
constexpr uint32_t kStackCanarySize = 64;

struct StackRegion {
  uint32_t start = 0;
  // Which of its slab: the regions below and above in memory are the descriptors before and after this one.
  unsigned char index = 0;
  bool in_use = false;
  // Whether pages of it may be resident, while it is free.
  bool touched = false;
  StackRegion* next_free = nullptr;

  uint32_t end() const { return start + kStackCanarySize; }
  uint32_t top() const { return start + kStackRegionSize - kDataStackSize; }
  void* data_stack() const { return reinterpret_cast<void*>(top()); }
  bool Contains(uint32_t address) const { return address >= end() && address <= top(); }
  bool CanaryIntact() const;
  // Tells CPython where this stack ends, so that deep recursion raises RecursionError.
  bool Protect(PyThreadState* tstate) const;
};

struct StackRegionStats {
  int in_use = 0;
  int pooled = 0;
  int resident = 0;  // of those pooled, the ones that have not given back their pages
};

// Null when memory is exhausted; no Python exception is set.
StackRegion* AcquireStackRegion();
void ReleaseStackRegion(StackRegion* region);
StackRegionStats GetStackRegionStats();

// For tests: regions are filled with kPoison where nothing may be read any more, that is when they are released and, below
// the stack pointer, when their fibers suspend.
constexpr int kPoison = 0xEE;
void PoisonStackRegions(bool on);
// Fills the region of a fiber that is about to suspend. Called on its stack.
void PoisonBelowStack(const StackRegion& region);

// The same protection for the interpreter's main stack, which is larger than what V8 can follow.
bool ProtectMainStack();

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_STACK_REGION_H_
