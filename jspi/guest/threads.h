// Threads: what `_thread` starts is a fiber, in place of a thread of the system, which wasm without shared memory cannot have.
//
//   start  --> Fiber::New(kThread), with the thread state that CPython made  --> work (work.h), which begins in a microtask
//   body   --> CPython's own thread_run(): binds and attaches that thread state, calls, detaches and deletes it
//   join   --> waits for CPython's own event (parking_lot.h); when that is set the body has ended
//
// A thread runs until it waits, or its time slice is over (time_slices.h); then others do. It has its own ident, which is the number by which it owns locks (owner.h), and so,
// as CPython keeps them by thread state or by ident, its own thread dict, threading.local, context and running loop.
// Python's signals are the main thread's, as everywhere: the other fibers'.
//
// Threads of C code (PyThread_start_new_thread) are the same, but for their thread states: theirs are made here and attached by
// PyGILState_Ensure(). CPython makes one at the first of these calls and deletes it at the last; it finds the present thread's by a
// variable of the system's threads, which all fibers share, and which follows what is attached. So a thread of C keeps the
// one that it has until it ends.
//
// Where nothing can be suspended no thread is started: whoever starts one waits until it runs (threading.Thread.start).
#ifndef BLOCKON_JSPI_GUEST_THREADS_H_
#define BLOCKON_JSPI_GUEST_THREADS_H_

#include "fiber.h"

namespace blockon {

// Makes a fresh thread's fiber work that is due (entry.cc). False when there is no memory.
bool ScheduleThread(Fiber* fiber);

// The functions of the module _blockon for the Python half.
extern PyMethodDef thread_methods[];

// On the thread's fiber, entered with the event loop's thread state: all of the thread.
void RunThread(Fiber* fiber);

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_THREADS_H_
