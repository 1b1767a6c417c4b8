#include "greenlet_switch.h"

#include "engine_api.h"
#include "greenlet_thread.h"
#include "greenlet_trace.h"
#include "run_sync.h"
#include "wait.h"

extern "C" JsVal blockon_switch_and_suspend(blockon::Fiber* fiber, JsVal promise);  // stack_switch.s

namespace blockon {
namespace {

constexpr char kSynchronousEntry[] =
    "cannot switch to another greenlet: JavaScript called Python synchronously, which cannot be suspended. Call the function by "
    "callPromising()";
constexpr char kGateClosed[] =
    "cannot switch to another greenlet: python_run_sync is not enabled for this Worker: add it to compatibility_flags in "
    "wrangler.toml";

// The main greenlet from which it descends or where it was started; null when there is none.
Greenlet* MainOf(Greenlet* greenlet) {
  while (greenlet && !greenlet->is_main && !greenlet->main) greenlet = greenlet->parent;
  return greenlet && !greenlet->is_main ? greenlet->main : greenlet;
}

// False with an exception set: it belongs to another thread.
bool MaySwitchTo(Greenlet* target) {
  Greenlet* const main = MainOf(target);
  if (!main) {
    PyErr_SetString(greenlet_error, "cannot switch to a garbage collected greenlet");
    return false;
  }
  if (!main->thread) {
    PyErr_SetString(greenlet_error, "cannot switch to a different thread (which happens to have exited)");
    return false;
  }
  GreenletThread* const here = CurrentGreenletThread();
  if (!here) return false;
  if (here->main == main) return true;
  PyErr_Format(greenlet_error, "Cannot switch to a different thread\n\tCurrent:  %R\n\tExpected: %R", here->main, main);
  return false;
}

// The fiber that may be suspended here, or null with an exception set.
Fiber* SwitchableFiber() {
  if (CanSuspend()) return Fiber::Current();
  PyErr_SetString(greenlet_error, blockon_can_suspend() ? kSynchronousEntry : kGateClosed);
  return nullptr;
}

enum class Found { kError, kAgain, kFiber };

// Makes the fiber on which `target`, which is unstarted, is to begin. kAgain when it was started meanwhile, by what `run` is.
Found Start(Greenlet* target, Fiber** fiber) {
  if (!SwitchableFiber()) return Found::kError;
  PyRef run(PyObject_GetAttrString(AsObject(target), "run"));
  if (!run || !MaySwitchTo(target)) return Found::kError;
  if (target->started) return Found::kAgain;
  Fiber* const made = Fiber::New(FiberKind::kGreenlet);
  if (!made) return Found::kError;
  if (!made->MakeThreadState()) {
    Fiber::Delete(made);
    return Found::kError;
  }
  if (!ScheduleGreenlet(made)) {
    made->DiscardThreadState();
    Fiber::Delete(made);
    PyErr_NoMemory();
    return Found::kError;
  }
  made->greenlet = target;
  made->run = run.Release();
  made->SetContext(target->context);
  target->context = nullptr;
  target->started = true;
  target->fiber = made;
  target->main = CurrentGreenletThread()->main;
  Py_IncRef(AsObject(target->main));
  *fiber = made;
  return Found::kFiber;
}

// The fiber of `wanted`, or of its first ancestor that is not dead, which is started if it has none; that of the current greenlet
// if it is that one. Null with an exception set. May run Python code.
Fiber* Find(Greenlet* wanted, Greenlet* current, bool* fresh) {
  if (!MaySwitchTo(wanted)) return nullptr;
  PyRef kept(NewReference(AsObject(wanted)));
  for (;;) {
    Greenlet* const target = AsGreenlet(kept.get());
    if (target == current && (target->is_main || target->fiber)) return Fiber::Current();
    if (target->is_main) {
      Fiber* const fiber = SwitchableFiber();
      return fiber ? fiber->base() : nullptr;
    }
    if (target->fiber) {
      if (!SwitchableFiber()) return nullptr;
      if (!target->fiber->on_a_stack()) return target->fiber;
      PyErr_Format(greenlet_error, "cannot switch to a greenlet that is running in another task (%d)",
                   target->fiber->base()->id());
      return nullptr;
    }
    if (!target->started) {
      Fiber* fiber = nullptr;
      const Found found = Start(target, &fiber);
      if (found == Found::kError) return nullptr;
      if (found == Found::kAgain) continue;
      *fresh = true;
      return fiber;
    }
    if (!target->parent) {
      PyErr_SetString(greenlet_error, "cannot switch to a garbage collected greenlet");
      return nullptr;
    }
    kept.Reset(NewReference(AsObject(target->parent)));
  }
}

// What the current fiber's stack has on its top goes over to `next`, with the parcel. Between this and the suspension or the end of
// the current fiber nothing may run.
void Leave(Fiber* here, Fiber* next, const Parcel& parcel) {
  // The stack's reference to its greenlet is the next one's to drop.
  next->origin = here->greenlet;
  next->parcel = parcel;
  if (next->greenlet) Py_IncRef(AsObject(next->greenlet));
  here->GiveStackTo(next);
  here->GiveThreadTo(next);
  here->HandOver(next);
}

// What it has, as switch() returns or raises it.
PyObject* Open(OwnedParcel* parcel) {
  const Parcel taken = parcel->Take();
  if (taken.arguments) Py_DecRef(taken.arguments);
  if (taken.keywords) Py_DecRef(taken.keywords);
  if (taken.exception) PyErr_SetRaisedException(taken.exception);
  return taken.value;
}

// Takes what the last switch to the current fiber brought, and tells the trace function. False with an exception set: this fiber was
// cancelled.
bool Receive(Fiber* here, OwnedParcel* parcel) {
  parcel->Replace(here->parcel);
  here->parcel = Parcel();
  PyRef origin(AsObject(here->origin));
  here->origin = nullptr;
  if (!TraceSwitch(AsGreenlet(origin.get()), parcel))
    parcel->Replace(OwnedParcel::Exception(PyErr_GetRaisedException()));
  origin.Reset(nullptr);  // which may be the end of it
  return !RaiseCancelled(here);
}

PyObject* Arrive(Fiber* here) {
  OwnedParcel parcel{Parcel()};
  return Receive(here, &parcel) ? Open(&parcel) : nullptr;
}

// Its fiber is due, and ends at once.
void TakeBackStart(Fiber* fiber) {
  Greenlet* const greenlet = fiber->greenlet;
  fiber->greenlet = nullptr;
  greenlet->fiber = nullptr;
  greenlet->started = false;
  greenlet->context = fiber->TakeContext();
  const PyRef run(fiber->run);
  fiber->run = nullptr;
  const PyRef main(AsObject(greenlet->main));
  greenlet->main = nullptr;
}

// V8 did not suspend `here`: nothing has run, and all is to be as it was.
PyObject* Return(Fiber* here, Fiber* next, bool fresh, JsVal thrown) {
  Parcel parcel = next->parcel;
  next->parcel = Parcel();
  next->origin = nullptr;
  next->GiveThreadTo(here);
  next->GiveStackTo(here);
  const PyRef kept(next->greenlet ? AsObject(next->greenlet) : nullptr);  // the stack's reference to it
  const OwnedParcel dropped(parcel);
  if (fresh) TakeBackStart(next);
  RaiseThrown(thrown);
  return nullptr;
}

// Takes both, a tuple and a dict or null. False with an exception set.
bool PackOwned(PyObject* arguments, PyObject* keywords, Parcel* parcel) {
  PyRef tuple(arguments), dict(keywords);
  PyRef value(!keywords                     ? NewReference(arguments)
              : PyTuple_Size(arguments) > 0 ? PyTuple_Pack(2, arguments, keywords)
                                            : NewReference(keywords));
  if (!value) return false;
  *parcel = {.value = value.Release(), .arguments = tuple.Release(), .keywords = dict.Release()};
  return true;
}

// How the body of a greenlet ended, for its parent.
Parcel Result(PyObject* result) {
  if (result) return OwnedParcel::Value(result);
  PyObject* exception = PyErr_GetRaisedException();
  if (PyType_IsSubtype(exception->ob_type, reinterpret_cast<PyTypeObject*>(greenlet_exit))) {
    return OwnedParcel::Value(exception);
  }
  return OwnedParcel::Exception(exception);
}

PyObject* Call(Fiber* here, Greenlet* self) {
  const PyRef before(self->run);
  self->run = here->run;
  here->run = nullptr;
  OwnedParcel parcel{Parcel()};
  if (!Receive(here, &parcel)) return nullptr;
  if (parcel.get().exception) return Open(&parcel);
  const Parcel& sent = parcel.get();
  return sent.arguments ? PyObject_Call(self->run, sent.arguments, sent.keywords)
                        : PyObject_CallOneArg(self->run, sent.value);
}

// Where a greenlet goes on that has ended with `result`: in its parent, or, if there is an error with that, in an ancestor.
Fiber* FindSuccessor(Fiber* here, Greenlet* self, OwnedParcel* result, bool* fresh) {
  PyRef parent(NewReference(AsObject(self->parent)));
  while (parent) {
    Fiber* const next = Find(AsGreenlet(parent.get()), self, fresh);
    if (next && next != here) return next;
    if (!next) result->Replace(OwnedParcel::Exception(PyErr_GetRaisedException()));
    parent.Reset(NewReference(AsObject(AsGreenlet(parent.get())->parent)));
  }
  return here->base();
}

}  // namespace

Parcel OwnedParcel::Take() {
  const Parcel taken = parcel_;
  parcel_ = Parcel();
  return taken;
}

void OwnedParcel::Replace(const Parcel& parcel) {
  const OwnedParcel dropped(Take());
  parcel_ = parcel;
}

void OwnedParcel::Drop() {
  PyObject* const objects[] = {parcel_.value, parcel_.arguments, parcel_.keywords, parcel_.exception};
  for (PyObject* object : objects) {
    if (object) Py_DecRef(object);
  }
}

bool PackArguments(PyObject* const* arguments, int32_t count, PyObject* keywords, Parcel* parcel) {
  const int32_t by_name = keywords ? PyTuple_Size(keywords) : 0;
  if (count == 1 && by_name == 0) {
    parcel->value = NewReference(arguments[0]);
    return true;
  }
  PyRef tuple(PyTuple_New(count));
  for (int32_t i = 0; tuple && i < count; i++) PyTuple_SetItem(tuple.get(), i, NewReference(arguments[i]));
  if (!tuple) return false;
  PyRef dict(by_name > 0 ? PyDict_New() : nullptr);
  for (int32_t i = 0; dict && i < by_name; i++) {
    if (PyDict_SetItem(dict.get(), PyTuple_GetItem(keywords, i), arguments[count + i]) != 0) return false;
  }
  if (by_name > 0 && !dict) return false;
  return PackOwned(tuple.Release(), dict.Release(), parcel);
}

bool PackCall(PyObject* tuple, PyObject* dict, Parcel* parcel) {
  PyRef arguments(tuple ? NewReference(tuple) : PyTuple_New(0));
  const int32_t count = arguments ? PyTuple_Size(arguments.get()) : -1;
  if (count < 0) return false;
  const bool named = dict && PyDict_Size(dict) > 0;
  if (count == 1 && !named) {
    parcel->value = NewReference(PyTuple_GetItem(tuple, 0));
    return true;
  }
  return PackOwned(arguments.Release(), named ? NewReference(dict) : nullptr, parcel);
}

PyObject* SwitchTo(Greenlet* target, const Parcel& sent) {
  OwnedParcel parcel(sent);
  GreenletThread* const thread = CurrentGreenletThread();
  if (!thread) return nullptr;
  if (thread->doomed) EndDoomed(thread);
  Fiber* const here = Fiber::Current();
  Greenlet* const current = here && here->greenlet ? here->greenlet : thread->main;
  bool fresh = false;
  Fiber* const next = Find(target, current, &fresh);
  if (!next && (PyErr_Occurred() || here)) return nullptr;
  if (next == here) {
    // To itself, which suspends nothing.
    return TraceSwitch(current, &parcel) ? Open(&parcel) : nullptr;
  }
  // What is to be raised on this stack is raised here: who is to go on may be on another one next.
  if (!fresh && RaiseCancelled(here)) return nullptr;
  here->waits_for = here->greenlet ? "a switch" : "its greenlet";
  Leave(here, next, parcel.Take());
  if (!fresh) blockon_wake(next->id());
  JsVal thrown = blockon_switch_and_suspend(here, NoPromise());
  if (here->thrown()) return Return(here, next, fresh, thrown);
  return Arrive(here);
}

bool EndGreenlet(Greenlet* greenlet) {
  const KeptException kept;
  PyRef parent(NewReference(AsObject(CurrentGreenlet())));
  PyRef text(PyUnicode_FromString("this greenlet is ended, since nobody has a reference to it"));
  PyRef exception(text ? PyObject_CallOneArg(greenlet_exit, text.get()) : nullptr);
  if (!exception || !parent) return false;
  Greenlet* const before = greenlet->parent;
  greenlet->parent = AsGreenlet(parent.Release());
  PyRef result(SwitchTo(greenlet, OwnedParcel::Exception(exception.Release())));
  parent.Reset(AsObject(greenlet->parent));
  greenlet->parent = before;
  if (!result) PyErr_WriteUnraisable(AsObject(greenlet));
  return true;
}

void RunGreenlet(Fiber* fiber) {
  Greenlet* const self = fiber->greenlet;
  if (!self) {  // its switch was refused
    fiber->DiscardThreadState();
    return;
  }
  fiber->EnterMadeThreadState();
  OwnedParcel result(Result(Call(fiber, self)));
  PyObject* const run = self->run;
  self->run = nullptr;
  if (run) Py_DecRef(run);
  bool fresh = false;
  Fiber* const next = FindSuccessor(fiber, self, &result, &fresh);
  self->context = fiber->TakeContext();
  self->fiber = nullptr;
  Leave(fiber, next, result.Take());
  fiber->greenlet = nullptr;
  if (PyObject* left = fiber->TakeException()) next->Cancel(left);
  if (!fresh) blockon_wake(next->id());
  fiber->ExitPython();
}

}  // namespace blockon
