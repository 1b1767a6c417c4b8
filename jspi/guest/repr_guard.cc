// Which containers are being written out by repr(): what a list that contains itself is known by.
//
// CPython keeps them in the thread's dict, which all fibers share. A fiber that waits in the middle of a container's repr() would
// have others write "[...]" for it. So each fiber has a dict of its own for them, made at the first use; outside of any
// fiber it is the thread's.
#include "fiber.h"
#include "python_api.h"
#include "thread_state_layout.h"

namespace blockon {
namespace {

// Puts the running fiber's dict into its thread state in place of the thread's. No Python code runs meanwhile.
class OwnReprGuards {
 public:
  OwnReprGuards() : fiber_(Fiber::Current()), tstate_(LayoutOf(PyThreadState_Get())) {
    if (fiber_) Swap();
  }
  OwnReprGuards(const OwnReprGuards&) = delete;
  OwnReprGuards& operator=(const OwnReprGuards&) = delete;
  ~OwnReprGuards() {
    if (fiber_) Swap();
  }

 private:
  void Swap() {
    PyObject* own = fiber_->repr_guards;
    fiber_->repr_guards = tstate_->dict;
    tstate_->dict = own;
  }

  Fiber* const fiber_;
  ThreadStateLayout* const tstate_;
};

}  // namespace
}  // namespace blockon

extern "C" {

// In place of Py_ReprEnter: 1 when the object is being written out already.
__attribute__((visibility("default"))) int blockon_repr_enter(PyObject* object) {
  const blockon::OwnReprGuards guards;
  return Py_ReprEnter(object);
}

// In place of Py_ReprLeave.
__attribute__((visibility("default"))) void blockon_repr_leave(PyObject* object) {
  const blockon::OwnReprGuards guards;
  Py_ReprLeave(object);
}

}  // extern "C"
