// Buffered files (_io.BufferedReader, BufferedWriter, BufferedRandom): which task is inside of one.
//
// CPython takes the object's lock for each operation, and where it is taken tells by the thread's ident whether the thread itself
// has it (an error, as the raw file called back) or another one (it waits). Here the fiber is asked (owner.h), and what is
// waited for can fail: where nothing can be suspended, and when the task is cancelled.
//
// Where CPython keeps the lock and the owner is compared with the running interpreter when it starts (shims/blockon/_blocking.py).
//
// Called on any stack, with a thread state attached.
#include "buffered.h"

#include "mutex.h"
#include "python_api.h"

using namespace blockon;

namespace {

// The part of CPython 3.14's `buffered` that is asked for, at its offset in the 32-bit build; see ProbeBuffered.
struct Buffered {
  PyObject head;
  unsigned char unused[88];
  Mutex* lock;
  uint32_t owner;
};
static_assert(offsetof(Buffered, lock) == 96 && offsetof(Buffered, owner) == 100);

bool IsInMemory(const void* address) {
  const auto start = reinterpret_cast<uint32_t>(address);
  return start != 0 && start / 65536 < __builtin_wasm_memory_size(0);
}

// probe_buffered(file, inside)
PyObject* ProbeBuffered(PyObject*, PyObject* arguments) {
  PyObject* object = nullptr;
  int inside = 0;
  if (!PyArg_ParseTuple(arguments, "Op:probe_buffered", &object, &inside)) return nullptr;
  const auto* file = reinterpret_cast<const Buffered*>(object);
  const bool as_expected = IsInMemory(file->lock) && file->lock->bits == (inside ? Mutex::kLocked : 0) &&
                           file->owner == (inside ? CurrentCall() : 0);
  if (!as_expected) {
    _Py_FatalErrorFunc("blockon", "this build of CPython lays out its buffered files otherwise than 3.14");
  }
  return NewNone();
}

}  // namespace

PyMethodDef blockon::buffered_methods[] = {
    {"probe_buffered", ProbeBuffered, METH_VARARGS,
     "probe_buffered(file, inside)\n--\n\nEnd the interpreter with a message unless the lock and the owner of a buffered file "
     "are where they\nare thought to be: `inside` of an operation of it, or not."},
    {nullptr, nullptr, 0, nullptr},
};

// In place of _enter_buffered_busy, which is called when the lock is taken: 1 when it is the caller's, 0 with an exception set.
extern "C" __attribute__((visibility("default"))) int blockon_enter_buffered_busy(Buffered* file) {
  if (file->owner == CurrentCall()) {
    PyErr_Format(PyExc_RuntimeError, "reentrant call inside %R", file);
    return 0;
  }
  return LockContended(file->lock, -1, Interrupts::kReturn, nullptr) == LockStatus::kAcquired;
}
