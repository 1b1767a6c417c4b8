// What the greenlets of a thread have in common: the main one, the trace function, and those that are to end in it.
//
// A greenlet that nobody has a reference to is ended by GreenletExit, which is raised in it (greenlet_switch.h). That can be done in
// its own thread alone, and where something can be suspended. What cannot be ended at once is *doomed*: it is ended when its thread
// uses greenlets next, in the main thread by a callback of the event loop at the latest.
//
// Owner: the thread, or the interpreter for the main thread's. Made at the first use.
#ifndef BLOCKON_JSPI_GUEST_GREENLET_THREAD_H_
#define BLOCKON_JSPI_GUEST_GREENLET_THREAD_H_

#include "greenlet.h"

namespace blockon {

struct GreenletThread {
  Greenlet* main;    // a reference
  PyObject* trace;   // the function of settrace(); null for none
  Greenlet* doomed;  // references
};

// Of the thread that runs this code; null with MemoryError set.
GreenletThread* CurrentGreenletThread();
// Main greenlets that there are, of threads that have ended too.
int MainGreenlets();
void ForgetMainGreenlet();

// Takes a reference of its own. Leaves no exception.
void Doom(GreenletThread* thread, Greenlet* greenlet);
// Ends those that are doomed, if that can be done here. They may run any code.
void EndDoomed(GreenletThread* thread);

// On a thread's fiber, at its end: ends its greenlets. What is left of them can never be switched to any more.
void EndGreenletsOfThread(Fiber* thread);

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_GREENLET_THREAD_H_
