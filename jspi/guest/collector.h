// Waiting within a garbage collection: a finalizer that the collector runs may wait, but not for long.
//
// While one of CPython's collections goes on no other begins, in whatever fiber. A finalizer that waited for ever would so
// end all collecting. The waits of one collection get a second together; what is left then ends in TimeoutError in the finalizer,
// and the collection goes on.
//
// Owner: the wait (wait.cc) makes one on the fiber's stack. Called on a fiber, with its thread state attached.
#ifndef BLOCKON_JSPI_GUEST_COLLECTOR_H_
#define BLOCKON_JSPI_GUEST_COLLECTOR_H_

#include "timers.h"

namespace blockon {

// Of a wait that begins.
class CollectorWait {
 public:
  CollectorWait();
  ~CollectorWait();
  CollectorWait(const CollectorWait&) = delete;
  CollectorWait& operator=(const CollectorWait&) = delete;

  // The end of the wait: `deadline`, or that of the collection if it is the earlier.
  Nanoseconds Bound(Nanoseconds deadline) const;
  // Sets TimeoutError when the collection's time is up; false when it is not, or there is no collection.
  bool RaiseTimeIsUp() const;

 private:
  const bool inside_;  // whether the current fiber is inside a collection
};

// Whether the current fiber is inside of a collection.
bool InsideCollection();

// Whether this build of CPython keeps the state of its collector where collector.cc reads it.
bool CollectorIsAsExpected();

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_COLLECTOR_H_
