#include "cannot_wait.h"

#include "engine_api.h"
#include "lock_holders.h"
#include "python_api.h"

namespace blockon {
namespace {

constexpr char kNoWait[] = "cannot wait here for another task";
constexpr char kSynchronousEntry[] =
    "JavaScript called Python synchronously, which cannot be suspended. Call the function by callPromising()";
constexpr char kDoNotWait[] = ", or do not wait (acquire(blocking=False))";
constexpr char kGateClosed[] =
    "python_run_sync is not enabled for this Worker: add it to compatibility_flags in wrangler.toml";

const char* Reason() { return blockon_can_suspend() ? kSynchronousEntry : kGateClosed; }

// "task 5 (handler.py:12)": where its Python code is.
PyObject* Describe(const Fiber* fiber) {
  fiber = fiber->top();
  PyThreadState* tstate = fiber->tstate().own();
  PyRef frame(tstate ? PyThreadState_GetFrame(tstate) : nullptr);
  const char* const kind = fiber->kind() == FiberKind::kThread     ? "thread"
                           : fiber->kind() == FiberKind::kGreenlet ? "greenlet"
                                                                   : "task";
  if (!frame) return PyUnicode_FromFormat("%s %d", kind, fiber->id());
  PyRef code(PyFrame_GetCode(frame.get()));
  PyRef file(code ? PyObject_GetAttrString(code.get(), "co_filename") : nullptr);
  if (!file) return nullptr;
  return PyUnicode_FromFormat("%s %d (%U:%d)", kind, fiber->id(), file.get(), PyFrame_GetLineNumber(frame.get()));
}

// "task 5 (...), which waits for a lock".
PyObject* DescribeFiber(const Fiber* fiber) {
  PyRef text(Describe(fiber));
  if (!text || !fiber->waits_for) return text.Release();
  return PyUnicode_FromFormat("%U, which waits for %s", text.get(), fiber->waits_for);
}

// The same; a fiber that has ended, or no fiber, is named as such. It is 0 from the release to the moment at which the next
// owner runs.
PyObject* DescribeOwner(Owner owner) {
  if (owner == 0) return PyUnicode_FromFormat("another task");
  const Fiber* fiber = FindOwner(owner);
  if (!fiber) return PyUnicode_FromFormat(HasEnded(owner) ? "a task that has ended" : "a synchronous call");
  return DescribeFiber(fiber);
}

// The lock that a fiber waits for and nothing but its owner ends that wait; null when it runs or something else may.
const RecursiveMutex* StuckOn(const Fiber* fiber) {
  fiber = fiber->top();
  if (fiber->state() != FiberState::kSuspended || fiber->woken_by() != Wake::kNone) return nullptr;
  return static_cast<const RecursiveMutex*>(fiber->waits_on);
}

// The fiber without which the mutex is not released; null when that is not certain.
const Fiber* BoundOwner(const RecursiveMutex* mutex) {
  const Fiber* fiber = FindOwner(mutex->owner);
  return fiber && IsBoundTo(mutex->owner, fiber) ? fiber : nullptr;
}

}  // namespace

void RaiseCannotWait(const RecursiveMutex* owned, const void* lock) {
  const char* const reason = Reason();
  const char* const advice = blockon_can_suspend() ? kDoNotWait : "";
  const Fiber* holder = lock && !owned ? FindHolder(lock) : nullptr;
  if (!owned && !holder) {
    PyErr_Format(PyExc_RuntimeError, "%s: %s%s", kNoWait, reason, advice);
    return;
  }
  PyRef owner(owned ? DescribeOwner(owned->owner) : DescribeFiber(holder));
  if (owner) PyErr_Format(PyExc_RuntimeError, "%s: the lock is held by %U. %s%s", kNoWait, owner.get(), reason, advice);
}

void RaiseCannotWaitFor(Owner owner, const char* what) {
  PyRef text(DescribeOwner(owner));
  if (text) PyErr_Format(PyExc_RuntimeError, "%s: %s by %U. %s", kNoWait, what, text.get(), Reason());
}

bool RaiseIfDeadlock(Fiber* fiber, const RecursiveMutex* wanted) {
  // No circle without `fiber` exists, since none was let come to be: the chain ends, at `fiber` or elsewhere.
  const Fiber* const base = fiber->base();
  const Fiber* owner = BoundOwner(wanted);
  while (owner && owner != base) {
    const RecursiveMutex* next = StuckOn(owner);
    owner = next ? BoundOwner(next) : nullptr;
  }
  if (!owner) return false;
  PyRef text(Describe(fiber));
  const RecursiveMutex* mutex = wanted;
  do {
    owner = FindOwner(mutex->owner);
    mutex = StuckOn(owner);
    PyRef who(text ? Describe(owner) : nullptr);
    if (!who) return true;
    text.Reset(PyUnicode_FromFormat("%U waits for a lock of %U", text.get(), who.get()));
    if (mutex && text) text.Reset(PyUnicode_FromFormat("%U, which", text.get()));
  } while (owner != base);
  if (text) PyErr_Format(PyExc_RuntimeError, "deadlock: %U", text.get());
  return true;
}

void EndForDeadlock() {
  _Py_FatalErrorFunc(
      "blockon",
      "deadlock: the interpreter needs a lock that a suspended task holds, where it can neither wait nor "
      "fail: JavaScript called Python synchronously");
}

}  // namespace blockon
