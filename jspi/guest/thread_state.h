// The thread state of a fiber: what CPython keeps for each thread, and an entry fiber takes over from its caller.
//
// A thread (threads.h) has all of it for itself: the thread state is CPython's, as it makes one for each thread.
//
// A task is a part of the main thread: it has the main thread's ident, thread dict (but for what repr_guard.cc and ctypes_errno.h
// keep apart) and threading.local. Its own are
// the frames, the exceptions, the context variables (a copy), the running loop and task, the hooks of asynchronous generators.
//
// A greenlet (greenlet.h) is a part of its thread, with frames, exceptions and context variables of its own. What a thread has one of,
// whichever of its greenlets runs, goes from thread state to thread state at each switch: the running loop and task, the hooks
// of asynchronous generators, the functions of sys.settrace() and sys.setprofile(). C frames of CPython keep the address of their
// thread state, so one that all share would bind a greenlet to the fiber where it was started.
//
// CPython gives each thread state 16 KiB for Python frames at its first call. Most tasks need a tenth of it, so the first piece
// is a part of the fiber's region; CPython adds its own when that is used up, and frees those alone.
//
// Owner: the fiber. Called on its stack (Enter, Exit) or on its way out of it and into it (Detach, Attach).
#ifndef BLOCKON_JSPI_GUEST_THREAD_STATE_H_
#define BLOCKON_JSPI_GUEST_THREAD_STATE_H_

#include <stdint.h>

#include "python_api.h"

namespace blockon {

// Memory for the first Python frames of a fiber.
constexpr uint32_t kDataStackSize = 1536;

class TaskThreadState {
 public:
  // Makes a thread state that inherits from the current one, with its first frames in `data_stack` (kDataStackSize bytes, aligned
  // to 8), and switches to it. False with an exception set in the caller's.
  bool Enter(void* data_stack);
  // Switches back for good. No exception may be set.
  void Exit();

  // A greenlet's: made in its thread, entered on its own stack. It has no context, and nothing that goes with the running greenlet.
  bool Make(void* data_stack);
  void EnterMade();
  // Before it was entered.
  void Discard();
  // The two have what goes with the running greenlet of a thread in exchange.
  void SwapThread(TaskThreadState* other);

  // Its context variables: a borrowed reference, one that is taken, and the caller's.
  PyObject* context() const;
  void SetContext(PyObject* context);
  PyObject* TakeContext();

  // A thread's is made by CPython, and attached and deleted by the thread's body. Between EnterThread() and ExitThread() the
  // caller's is not attached.
  void Take(PyThreadState* made) { own_ = made; }
  void EnterThread();
  void ExitThread();

  // Switches to the thread state of whoever entered, and back to the one that was attached: `own`, or what C code has put in its
  // place, as that of a sub-interpreter. Detach() is false when there was none.
  bool Detach();
  void Attach();

  PyThreadState* own() const { return own_; }

 private:
  PyThreadState* own_ = nullptr;
  PyThreadState* attached_ = nullptr;  // while detached
  PyThreadState* caller_ = nullptr;    // the event loop's; null while detached
};

// In place of PyThreadState_Clear() for one that is attached. That gives the interpreter the list of the tasks which were made with the thread
// state, and then lets go of what it holds: tasks that finalizers make then stay in a list that is about to be freed.
void ClearThreadState(PyThreadState* tstate);

// Whether a thread state is laid out as this code thinks; asked once, when Python has started.
bool ThreadStateIsAsExpected();

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_THREAD_STATE_H_
