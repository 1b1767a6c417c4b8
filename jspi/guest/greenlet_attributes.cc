#include "greenlet_members.h"
#include "greenlet_thread.h"

namespace blockon {
namespace {

bool CheckGreenlet(PyObject* object) {
  if (IsGreenlet(object)) return true;
  PyErr_Format(PyExc_TypeError, "GreenletChecker: Expected any type of greenlet, not %s", object->ob_type->tp_name);
  return false;
}

PyObject* GetRun(PyObject* object, void*) {
  Greenlet* self = AsGreenlet(object);
  if (!self->is_main && !self->started && self->run) return NewReference(self->run);
  PyErr_SetString(PyExc_AttributeError, self->is_main ? "Main greenlets do not have a run attribute." : "run");
  return nullptr;
}

PyObject* GetParent(PyObject* object, void*) {
  PyObject* const parent = AsObject(AsGreenlet(object)->parent);
  return parent ? NewReference(parent) : NewNone();
}

PyObject* GetDict(PyObject* object, void*) {
  Greenlet* self = AsGreenlet(object);
  if (!self->dict) self->dict = PyDict_New();
  return NewReference(self->dict);
}

int SetDict(PyObject* object, PyObject* value, void*) {
  if (!value || PyObject_IsInstance(value, reinterpret_cast<PyObject*>(&PyDict_Type)) != 1) {
    PyErr_SetString(PyExc_TypeError, value ? "__dict__ must be a dictionary" : "__dict__ may not be deleted");
    return -1;
  }
  SetReference(&AsGreenlet(object)->dict, value);
  return 0;
}

PyObject* GetDead(PyObject* object, void*) { return NewBool(IsDead(AsGreenlet(object))); }

// Where the frames and the context of an active one are: its fiber, or, for the main one, that of the task or thread on whose stack
// this runs. Null when that is unknown here, as for the main one of another thread.
Fiber* FiberOf(Greenlet* self) {
  if (!self->is_main) return self->fiber;
  Fiber* const here = Fiber::Current();
  if (here && here->thread() && here->thread()->greenlets == self->thread) return here->thread();
  const GreenletThread* const current = CurrentGreenletThread();
  return here && current && current == self->thread ? here->base() : nullptr;
}

PyObject* GetFrame(PyObject* object, void*) {
  Greenlet* self = AsGreenlet(object);
  Fiber* const fiber = ItsThreadEnded(self) ? nullptr : FiberOf(self);
  PyObject* const frame = fiber && fiber->switched_out() ? PyThreadState_GetFrame(fiber->tstate().own()) : nullptr;
  return frame ? frame : NewNone();
}

PyObject* GetStackSaved(PyObject* object, void*) {
  Greenlet* self = AsGreenlet(object);
  Fiber* const fiber = ItsThreadEnded(self) ? nullptr : FiberOf(self);
  return PyLong_FromLong(fiber && fiber->switched_out() ? static_cast<long>(fiber->stack_in_use()) : 0);
}

bool RunsElsewhere(Greenlet* self, const char* what) {
  if (!IsActive(self) || ItsThreadEnded(self) || self == CurrentGreenlet()) return false;
  const Fiber* const fiber = FiberOf(self);
  if (fiber && fiber->switched_out()) return false;
  PyErr_Format(PyExc_ValueError, "cannot %s context of a greenlet that is running in a different thread", what);
  return true;
}

PyObject** ContextOf(Greenlet* self) { return &self->context; }

PyObject* GetContext(PyObject* object, void*) {
  Greenlet* self = AsGreenlet(object);
  if (RunsElsewhere(self, "get")) return nullptr;
  Fiber* const fiber = ItsThreadEnded(self) ? nullptr : FiberOf(self);
  PyObject* const context = fiber ? fiber->context() : *ContextOf(self);
  return context ? NewReference(context) : NewNone();
}

int SetContext(PyObject* object, PyObject* value, void*) {
  Greenlet* self = AsGreenlet(object);
  if (!value) {
    PyErr_SetString(PyExc_AttributeError, "can't delete context attribute");
    return -1;
  }
  if (value != Py_None && value->ob_type != &PyContext_Type) {
    PyErr_SetString(PyExc_TypeError, "greenlet context must be a contextvars.Context or None");
    return -1;
  }
  if (RunsElsewhere(self, "set")) return -1;
  PyObject* const context = value == Py_None ? nullptr : value;
  Fiber* const fiber = ItsThreadEnded(self) ? nullptr : FiberOf(self);
  if (fiber) {
    fiber->SetContext(NewReference(context));
  } else {
    SetReference(ContextOf(self), context);
  }
  return 0;
}

}  // namespace

int SetGreenletRun(PyObject* object, PyObject* run, void*) {
  Greenlet* self = AsGreenlet(object);
  if (self->is_main) {
    PyErr_SetString(PyExc_AttributeError, "Main greenlets do not have a run attribute.");
    return -1;
  }
  if (self->started) {
    PyErr_SetString(PyExc_AttributeError, "run cannot be set after the start of the greenlet");
    return -1;
  }
  SetReference(&self->run, run);
  return 0;
}

int SetGreenletParent(PyObject* object, PyObject* value, void*) {
  Greenlet* self = AsGreenlet(object);
  if (!value || self->is_main) {
    PyErr_SetString(PyExc_AttributeError,
                    value ? "cannot set the parent of a main greenlet" : "can't delete attribute");
    return -1;
  }
  if (!CheckGreenlet(value)) return -1;
  Greenlet* main = nullptr;
  for (Greenlet* each = AsGreenlet(value); each; each = each->parent) {
    if (each == self) {
      PyErr_SetString(PyExc_ValueError, "cyclic parent chain");
      return -1;
    }
    main = each->is_main ? each : each->main;
  }
  if (!main) {
    PyErr_SetString(PyExc_ValueError, "parent must not be garbage collected");
    return -1;
  }
  if (self->started && self->main != main) {
    PyErr_SetString(PyExc_ValueError, "parent cannot be on a different thread");
    return -1;
  }
  PyRef before(AsObject(self->parent));
  Py_IncRef(value);
  self->parent = AsGreenlet(value);
  return 0;
}

PyGetSetDef greenlet_attributes[] = {
    {"__dict__", GetDict, SetDict, nullptr, nullptr},
    {"run", GetRun, SetGreenletRun, "What it is to call; there is none once it was started.", nullptr},
    {"parent", GetParent, SetGreenletParent, "The greenlet that goes on when this one ends.", nullptr},
    {"gr_frame", GetFrame, nullptr, "Its innermost frame while it is suspended, else None.", nullptr},
    {"gr_context", GetContext, SetContext, "Its context variables: a contextvars.Context, or None while it has none.",
     nullptr},
    {"dead", GetDead, nullptr, "Whether it has ended.", nullptr},
    {"_stack_saved", GetStackSaved, nullptr, "The bytes of its C stack while it is suspended, else 0.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

}  // namespace blockon
