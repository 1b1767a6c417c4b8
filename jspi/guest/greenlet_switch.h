// Switches between greenlets.
//
//   A: B.switch(x)                          fibers of one thread, one on top of its stack at a time (Fiber::base)
//     |  x goes to B's fiber, what the thread has one of to B's thread state
//     |  HandOver(B), B's promise settles, A suspends
//     :      --- B's microtask, with nothing of Python's before it (fiber.h, invariant 7) --->  B goes on, switch() returns x
//
// A greenlet that is started begins as work (work.h), in the same way. One that ends hands over to its parent and leaves.
//
// Called on a fiber, with its thread state attached.
#ifndef BLOCKON_JSPI_GUEST_GREENLET_SWITCH_H_
#define BLOCKON_JSPI_GUEST_GREENLET_SWITCH_H_

#include "greenlet.h"

namespace blockon {

// Owns what a parcel has, until it is taken.
class OwnedParcel {
 public:
  explicit OwnedParcel(const Parcel& parcel) : parcel_(parcel) {}
  OwnedParcel(const OwnedParcel&) = delete;
  OwnedParcel& operator=(const OwnedParcel&) = delete;
  ~OwnedParcel() { Drop(); }

  static Parcel Value(PyObject* value) { return {.value = value}; }
  static Parcel Exception(PyObject* exception) { return {.exception = exception}; }

  const Parcel& get() const { return parcel_; }
  Parcel Take();
  void Replace(const Parcel& parcel);

 private:
  void Drop();

  Parcel parcel_;
};

// What switch() was called with; false with an exception set. Runs no Python code.
bool PackArguments(PyObject* const* arguments, int32_t count, PyObject* keywords, Parcel* parcel);
// The same of a tuple and a dict, either of which may be null; they are kept.
bool PackCall(PyObject* arguments, PyObject* keywords, Parcel* parcel);

// Has `target`, or its first ancestor that is not dead, go on with the parcel, which is taken. What the next switch to the current
// greenlet brings: a reference, or null with an exception set.
PyObject* SwitchTo(Greenlet* target, const Parcel& parcel);

// Raises GreenletExit in one that was switched away from, for which the caller has a reference, and waits until it switches back, as at
// its end. Leaves no exception. False when there is no memory for it.
bool EndGreenlet(Greenlet* greenlet);

// Makes a fresh greenlet's fiber work that is due next (entry.cc). False when there is no memory.
bool ScheduleGreenlet(Fiber* fiber);

// On the greenlet's fiber, entered with the event loop's thread state: all of the greenlet.
void RunGreenlet(Fiber* fiber);

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_GREENLET_SWITCH_H_
