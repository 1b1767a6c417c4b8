// The type greenlet.greenlet.
#include "greenlet.h"
#include "greenlet_switch.h"
#include "greenlet_thread.h"
#include "run_sync.h"

namespace blockon {

PyTypeObject* greenlet_type = nullptr;

namespace {

// Include/typeslots.h and structmember.h of CPython.
enum Slot : int {
  kNbBool = 9,
  kTpClear = 51,
  kTpDealloc = 52,
  kTpDoc = 56,
  kTpInit = 60,
  kTpMethods = 64,
  kTpNew = 65,
  kTpRepr = 66,
  kTpTraverse = 71,
  kTpMembers = 72,
  kTpGetSet = 73,
  kTpFinalize = 80,
};
enum : uint32_t {
  kFlagImmutable = 1U << 8,
  kFlagBaseType = 1U << 10,
  kFlagHaveGc = 1U << 14,
};
enum : int { kMemberSize = 19, kMemberReadOnly = 1 };

using Visit = int (*)(PyObject* object, void* argument);

using NewFunction = PyObject* (*)(PyTypeObject* type, PyObject* arguments, PyObject* keywords);

PyObject* New(PyTypeObject* type, PyObject*, PyObject*) {
  GreenletThread* thread = CurrentGreenletThread();
  if (!thread) return nullptr;
  if (thread->doomed) EndDoomed(thread);
  // That of `object` refuses abstract classes.
  const auto new_object = reinterpret_cast<NewFunction>(PyType_GetSlot(&PyBaseObject_Type, kTpNew));
  PyRef no_arguments(PyTuple_New(0));
  PyObject* const made = no_arguments ? new_object(type, no_arguments.get(), nullptr) : nullptr;
  if (made) SetReference(reinterpret_cast<PyObject**>(&AsGreenlet(made)->parent), AsObject(CurrentGreenlet()));
  return made;
}

bool CheckGreenlet(PyObject* object) {
  if (IsGreenlet(object)) return true;
  PyErr_Format(PyExc_TypeError, "GreenletChecker: Expected any type of greenlet, not %s", object->ob_type->tp_name);
  return false;
}

int SetRun(PyObject* object, PyObject* run, void*) {
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

PyObject* GetRun(PyObject* object, void*) {
  Greenlet* self = AsGreenlet(object);
  if (!self->is_main && !self->started && self->run) return NewReference(self->run);
  PyErr_SetString(PyExc_AttributeError, self->is_main ? "Main greenlets do not have a run attribute." : "run");
  return nullptr;
}

int SetParent(PyObject* object, PyObject* value, void*) {
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

PyObject* GetParent(PyObject* object, void*) {
  PyObject* const parent = AsObject(AsGreenlet(object)->parent);
  return parent ? NewReference(parent) : NewNone();
}

int Init(PyObject* object, PyObject* arguments, PyObject* keywords) {
  static const char* const names[] = {"run", "parent", nullptr};
  PyObject *run = nullptr, *parent = nullptr;
  if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|OO:greenlet", names, &run, &parent)) return -1;
  if (run && SetRun(object, run, nullptr) != 0) return -1;
  return parent && parent != Py_None ? SetParent(object, parent, nullptr) : 0;
}

int Traverse(PyObject* object, Visit visit, void* argument) {
  Greenlet* self = AsGreenlet(object);
  PyObject* const members[] = {reinterpret_cast<PyObject*>(object->ob_type),
                               self->dict,
                               self->run,
                               AsObject(self->parent),
                               AsObject(self->main),
                               self->context};
  for (PyObject* member : members) {
    if (!member) continue;
    if (const int result = visit(member, argument)) return result;
  }
  return 0;
}

void Drop(PyObject** member) {
  PyObject* const before = *member;
  *member = nullptr;
  if (before) Py_DecRef(before);
}

int Clear(PyObject* object) {
  Greenlet* self = AsGreenlet(object);
  Drop(&self->dict);
  if (self->fiber) return 0;  // it is to be ended yet
  Drop(&self->run);
  Drop(&self->context);
  Drop(reinterpret_cast<PyObject**>(&self->parent));
  Drop(reinterpret_cast<PyObject**>(&self->main));
  return 0;
}

// Called with a reference: ends it, or dooms it, which keeps it.
void Finalize(PyObject* object) {
  Greenlet* self = AsGreenlet(object);
  if (!self->fiber || ItsThreadEnded(self)) return;
  const KeptException kept;
  GreenletThread* const its = self->main->thread;
  const bool can_end = CanSuspend() && CurrentGreenletThread() == its;
  if (!can_end || !EndGreenlet(self)) Doom(its, self);
}

// For the fiber of a greenlet that nobody can go on with: it stays suspended for ever.
void Abandon(Greenlet* self) {
  self->fiber->greenlet = nullptr;
  self->fiber = nullptr;
}

// False when the greenlet stays: it is referred to again, or did not end.
bool EndBeforeDealloc(Greenlet* self) {
  PyObject* const object = AsObject(self);
  object->ob_refcnt = 1;
  Finalize(object);
  if (self->fiber && ItsThreadEnded(self)) Abandon(self);
  if (self->fiber && object->ob_refcnt == 1) {
    const KeptException kept;
    PyErr_SetString(PyExc_RuntimeError, "GreenletExit did not end this greenlet, which nobody has a reference to");
    PyErr_WriteUnraisable(object);
    return false;
  }
  return --object->ob_refcnt == 0;
}

void Dealloc(PyObject* object) {
  Greenlet* self = AsGreenlet(object);
  if (self->fiber && !EndBeforeDealloc(self)) return;
  PyTypeObject* const type = object->ob_type;
  PyObject_GC_UnTrack(object);
  if (self->weak_references) PyObject_ClearWeakRefs(object);
  if (self->is_main) ForgetMainGreenlet();
  Clear(object);
  PyObject_GC_Del(object);
  Py_DecRef(reinterpret_cast<PyObject*>(type));
}

int IsTrue(PyObject* object) {
  Greenlet* self = AsGreenlet(object);
  return IsActive(self) && !ItsThreadEnded(self);
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

PyObject* Repr(PyObject* object) {
  Greenlet* self = AsGreenlet(object);
  GreenletThread* const thread = self->is_main ? self->thread : self->main ? self->main->thread : nullptr;
  const char* const name = object->ob_type->tp_name;
  if (IsDead(self)) {
    return PyUnicode_FromFormat("<%s object at %p (otid=%p) %sdead>", name, object, thread,
                                ItsThreadEnded(self) ? "(thread exited) " : "");
  }
  const char* const where = self == CurrentGreenlet() ? " current" : self->started ? " suspended" : "";
  return PyUnicode_FromFormat("<%s object at %p (otid=%p)%s%s%s%s>", name, object, thread, where,
                              IsActive(self) ? " active" : "", self->started ? " started" : " pending",
                              self->is_main ? " main" : "");
}

PyObject* Switch(PyObject* object, PyObject* const* arguments, int32_t count, PyObject* keywords) {
  Parcel parcel;
  if (!PackArguments(arguments, count, keywords, &parcel)) return nullptr;
  return SwitchTo(AsGreenlet(object), parcel);
}

bool IsExceptionType(PyObject* object) {
  return PyObject_IsInstance(object, reinterpret_cast<PyObject*>(&PyType_Type)) == 1 &&
         PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(object),
                          reinterpret_cast<PyTypeObject*>(PyExc_BaseException));
}

bool IsException(PyObject* object) {
  return PyType_IsSubtype(object->ob_type, reinterpret_cast<PyTypeObject*>(PyExc_BaseException));
}

// As `raise` makes one of a class and a value.
PyObject* NewException(PyObject* type, PyObject* value) {
  if (!value || value == Py_None) return PyObject_Vectorcall(type, nullptr, 0, nullptr);
  if (PyType_IsSubtype(value->ob_type, reinterpret_cast<PyTypeObject*>(type))) return NewReference(value);
  if (PyObject_IsInstance(value, reinterpret_cast<PyObject*>(&PyTuple_Type)) == 1) {
    return PyObject_Call(type, value, nullptr);
  }
  return PyObject_CallOneArg(type, value);
}

PyObject* Throw(PyObject* object, PyObject* arguments) {
  PyObject *type = greenlet_exit, *value = nullptr, *trace = nullptr;
  if (!PyArg_ParseTuple(arguments, "|OOO:throw", &type, &value, &trace)) return nullptr;
  if (trace == Py_None) trace = nullptr;
  if (trace && trace->ob_type != &PyTraceBack_Type) {
    PyErr_SetString(PyExc_TypeError, "throw() third argument must be a traceback object");
    return nullptr;
  }
  PyRef exception;
  if (IsExceptionType(type)) {
    exception.Reset(NewException(type, value));
    if (exception && !IsException(exception.get())) {
      return PyErr_Format(PyExc_TypeError, "calling %R should have returned an exception, not %R", type,
                          exception.get());
    }
  } else if (!IsException(type)) {
    return PyErr_Format(PyExc_TypeError, "exceptions must be classes, or instances, not %s", type->ob_type->tp_name);
  } else if (value && value != Py_None) {
    PyErr_SetString(PyExc_TypeError, "instance exception may not have a separate value");
  } else {
    exception.Reset(NewReference(type));
  }
  if (!exception || (trace && PyException_SetTraceback(exception.get(), trace) != 0)) return nullptr;
  Greenlet* self = AsGreenlet(object);
  const bool returns = self->started && !IsActive(self) &&
                       PyType_IsSubtype(exception.get()->ob_type, reinterpret_cast<PyTypeObject*>(greenlet_exit));
  PyObject* const thrown = exception.Release();
  return SwitchTo(self, returns ? OwnedParcel::Value(thrown) : OwnedParcel::Exception(thrown));
}

PyObject* GetState(PyObject* object, PyObject*) {
  return PyErr_Format(PyExc_TypeError, "cannot serialize '%s' object", object->ob_type->tp_name);
}

struct MemberDefinition {
  const char* name;
  int type;
  int32_t offset;
  int flags;
  const char* doc;
};

MemberDefinition members[] = {
    {"__dictoffset__", kMemberSize, offsetof(Greenlet, dict), kMemberReadOnly, nullptr},
    {"__weaklistoffset__", kMemberSize, offsetof(Greenlet, weak_references), kMemberReadOnly, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};

PyGetSetDef attributes[] = {
    {"__dict__", GetDict, SetDict, nullptr, nullptr},
    {"run", GetRun, SetRun, "What it is to call; there is none once it was started.", nullptr},
    {"parent", GetParent, SetParent, "The greenlet that goes on when this one ends.", nullptr},
    {"gr_frame", GetFrame, nullptr, "Its innermost frame while it is suspended, else None.", nullptr},
    {"gr_context", GetContext, SetContext, "Its context variables: a contextvars.Context, or None while it has none.",
     nullptr},
    {"dead", GetDead, nullptr, "Whether it has ended.", nullptr},
    {"_stack_saved", GetStackSaved, nullptr, "The bytes of its C stack while it is suspended, else 0.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyMethodDef type_methods[] = {
    {"switch", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(Switch)), METH_FASTCALL | METH_KEYWORDS,
     "switch(*args, **kwargs)\n\nGo on with this greenlet, and return what is sent to the current one next. One that was never "
     "started calls\nrun(*args, **kwargs). One that was gets from its own call of switch() the argument, a tuple of them, the "
     "dict of those\ngiven by name, or both in a tuple. In place of one that is dead its parent goes on."},
    {"throw", Throw, METH_VARARGS,
     "throw(typ=GreenletExit, val=None, tb=None)\n\nGo on with this greenlet, and raise an exception in it."},
    {"__getstate__", GetState, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

struct TypeSlot {
  int slot;
  void* function;
};

template <typename T>
constexpr void* AsSlot(T* value) {
  return reinterpret_cast<void*>(value);
}

}  // namespace

Greenlet* CurrentGreenlet() {
  const Fiber* fiber = Fiber::Current();
  if (fiber && fiber->greenlet) return fiber->greenlet;
  const GreenletThread* thread = CurrentGreenletThread();
  return thread ? thread->main : nullptr;
}

// The allocator gives memory of zeros, and the type a reference.
Greenlet* NewMainGreenlet(GreenletThread* thread) {
  Greenlet* made = AsGreenlet(PyType_GenericAlloc(greenlet_type, 0));
  if (!made) return nullptr;
  made->is_main = true;
  made->started = true;
  made->thread = thread;
  return made;
}

bool MakeGreenletType() {
  TypeSlot slots[] = {
      {kTpDoc, const_cast<char*>(
                   "greenlet(run=None, parent=None)\n--\n\nA greenlet that is to call run, and whose parent is the "
                   "current greenlet if none is given.")},
      {kTpNew, AsSlot(New)},
      {kTpInit, AsSlot(Init)},
      {kTpDealloc, AsSlot(Dealloc)},
      {kTpFinalize, AsSlot(Finalize)},
      {kTpTraverse, AsSlot(Traverse)},
      {kTpClear, AsSlot(Clear)},
      {kTpRepr, AsSlot(Repr)},
      {kNbBool, AsSlot(IsTrue)},
      {kTpMembers, members},
      {kTpGetSet, attributes},
      {kTpMethods, type_methods},
      {0, nullptr},
  };
  struct {
    const char* name;
    int basic_size;
    int item_size;
    uint32_t flags;
    TypeSlot* slots;
  } const specification = {"greenlet.greenlet", sizeof(Greenlet), 0, kFlagBaseType | kFlagHaveGc | kFlagImmutable,
                           slots};
  greenlet_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&specification));
  return greenlet_type != nullptr;
}

}  // namespace blockon
