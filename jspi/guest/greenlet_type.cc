// The type greenlet.greenlet: how one begins, and how it ends.
#include "greenlet.h"
#include "greenlet_members.h"
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

int Init(PyObject* object, PyObject* arguments, PyObject* keywords) {
  static const char* const names[] = {"run", "parent", nullptr};
  PyObject *run = nullptr, *parent = nullptr;
  if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|OO:greenlet", names, &run, &parent)) return -1;
  if (run && SetGreenletRun(object, run, nullptr) != 0) return -1;
  return parent && parent != Py_None ? SetGreenletParent(object, parent, nullptr) : 0;
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
      {kTpGetSet, greenlet_attributes},
      {kTpMethods, greenlet_methods},
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
