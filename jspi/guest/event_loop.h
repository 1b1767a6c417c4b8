// The queue of asyncio's event loop: what is ready, and what is to become ready at a time.
//
//   call_soon() --> ready queue --> turn: a fiber of its own runs all that was ready when the turn began
//   call_at() --> timers (timers.h) -^
//
// A turn is work for a fiber of its own (work.h). When a callback blocks, the turn's fiber waits with it, and another
// turn is scheduled for the rest at once: callbacks never wait for one another. What becomes ready in a turn is for the next one,
// so that the host's events are seen in between.
//
// One queue serves all loops of the interpreter: a handle (handle.h) knows its loop. shims/blockon/_event_loop.py has the Python
// half.
//
// Owner: the interpreter.
#ifndef BLOCKON_JSPI_GUEST_EVENT_LOOP_H_
#define BLOCKON_JSPI_GUEST_EVENT_LOOP_H_

#include "fiber.h"
#include "python_api.h"

namespace blockon {

// The functions of the module _blockon for the Python half.
extern PyMethodDef event_loop_methods[];

// A fiber is about to suspend: if it runs a turn, the rest of the turn is left to another one.
void LeaveTurn(Fiber* fiber);

// While one of these lives, the next handle that call_soon() makes is kept here instead of becoming ready.
class HandleCapture {
 public:
  HandleCapture();
  ~HandleCapture();
  // Null when there was none.
  PyObject* handle() const { return handle_.get(); }
  bool Take(PyObject* handle);

 private:
  PyRef handle_;
};

// From the host's event loop: a handle becomes ready. False with MemoryError set.
bool MakeHandleReady(PyObject* handle);

int ReadyHandles();

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_EVENT_LOOP_H_
