// Buffered files (_io.BufferedReader, BufferedWriter, BufferedRandom): which task is inside of one.
//
// CPython takes the object's lock for each operation, and where it is taken tells by the thread's ident whether the thread itself
// has it (an error, as the raw file called back) or another one (it waits). Here the fiber is asked (owner.h), and what is
// waited for can fail: where nothing can be suspended, and when the task is cancelled.
//
// Called on any stack, with a thread state attached.
#include "mutex.h"
#include "python_api.h"

using namespace blockon;

namespace {

// The part of CPython 3.14's `buffered` that is asked for, at its offset in the 32-bit build.
struct Buffered {
  PyObject head;
  unsigned char unused[88];
  Mutex* lock;
  uint32_t owner;
};
static_assert(offsetof(Buffered, lock) == 96 && offsetof(Buffered, owner) == 100);

}  // namespace

// In place of _enter_buffered_busy, which is called when the lock is taken: 1 when it is the caller's, 0 with an exception set.
extern "C" __attribute__((visibility("default"))) int blockon_enter_buffered_busy(Buffered* file) {
  if (file->owner == CurrentCall()) {
    PyErr_Format(PyExc_RuntimeError, "reentrant call inside %R", file);
    return 0;
  }
  return LockContended(file->lock, -1, Interrupts::kReturn, nullptr) == LockStatus::kAcquired;
}
