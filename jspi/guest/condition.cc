#include "condition.h"

#include "builtin_method.h"
#include "lock_objects.h"

namespace blockon {
namespace {

// References. What the stand-ins were put in place of: Python functions.
struct Originals {
  PyObject* enter;
  PyObject* exit;
  PyObject* is_owned;
  PyObject* notify;
};
Originals originals{};

struct Names {
  PyObject* lock;
  PyObject* is_owned;
  PyObject* waiters;
};
Names names{};

PyObject* CallOriginal(PyObject* function, PyObject* self, PyObject* const* args, int32_t count, PyObject* keywords) {
  const TupleAndDict arguments(self, args, count, keywords);
  return arguments ? PyObject_Call(function, arguments.tuple(), arguments.dict()) : nullptr;
}

// Null, with no exception set, where there is none: then the original says what is wrong.
PyObject* AttributeOf(PyObject* self, PyObject* name) {
  PyObject* value = PyObject_GetAttr(self, name);
  if (!value) PyErr_Clear();
  return value;
}

PyObject* Enter(PyObject* self, PyObject*) {
  PyRef lock(AttributeOf(self, names.lock));
  if (lock && IsLock(lock.get())) return AcquireLock(lock.get());
  if (lock && IsRLock(lock.get())) return AcquireRLock(lock.get());
  return CallOriginal(originals.enter, self, nullptr, 0, nullptr);
}

PyObject* Exit(PyObject* self, PyObject* const* args, int32_t count) {
  PyRef lock(AttributeOf(self, names.lock));
  if (lock && IsLock(lock.get())) return ReleaseLock(lock.get());
  if (lock && IsRLock(lock.get())) return ReleaseRLock(lock.get());
  return CallOriginal(originals.exit, self, args, count, nullptr);
}

PyObject* IsOwned(PyObject* self, PyObject*) {
  PyRef lock(AttributeOf(self, names.lock));
  if (lock && IsLock(lock.get())) {
    const Mutex& mutex = reinterpret_cast<LockObject*>(lock.get())->mutex;
    return NewBool((mutex.bits & Mutex::kLocked) != 0);
  }
  return CallOriginal(originals.is_owned, self, nullptr, 0, nullptr);
}

// notify() with nothing to do, but for the question whose lock it is.
bool NobodyWaits(PyObject* self) {
  PyRef waiters(AttributeOf(self, names.waiters));
  if (!waiters) return false;
  const int some = PyObject_IsTrue(waiters.get());
  if (some < 0) PyErr_Clear();
  return some == 0;
}

PyObject* Notify(PyObject* self, PyObject* const* args, int32_t count, PyObject* keywords) {
  const bool plain = !keywords && count <= 1;
  if (!plain || !NobodyWaits(self)) return CallOriginal(originals.notify, self, args, count, keywords);
  PyRef owned(PyObject_VectorcallMethod(names.is_owned, &self, 1, nullptr));
  const int is_owned = owned ? PyObject_IsTrue(owned.get()) : -1;
  if (is_owned < 0) return nullptr;
  if (is_owned) return NewNone();
  PyErr_SetString(PyExc_RuntimeError, "cannot notify on un-acquired lock");
  return nullptr;
}

struct StandIn {
  PyObject** original;
  PyMethodDef definition;
};

StandIn stand_ins[] = {
    {&originals.enter, {"__enter__", Enter, METH_NOARGS, "__enter__($self, /)\n--\n\n"}},
    {&originals.exit, {"__exit__", AsMethod(Exit), METH_FASTCALL, "__exit__($self, /, *args)\n--\n\n"}},
    {&originals.is_owned, {"_is_owned", IsOwned, METH_NOARGS, "_is_owned($self, /)\n--\n\n"}},
    {&originals.notify,
     {"notify", AsMethod(Notify), METH_FASTCALL | METH_KEYWORDS,
      "notify($self, /, n=1)\n--\n\nWake up one or more threads waiting on this condition, if any."}},
};

// take_conditions(type)
PyObject* TakeConditions(PyObject*, PyObject* type) {
  names = {PyUnicode_InternFromString("_lock"), PyUnicode_InternFromString("_is_owned"),
           PyUnicode_InternFromString("_waiters")};
  if (!names.lock || !names.is_owned || !names.waiters) return nullptr;
  for (StandIn& each : stand_ins) {
    *each.original = PyObject_GetAttrString(type, each.definition.ml_name);
    if (!*each.original) return nullptr;
  }
  for (StandIn& each : stand_ins) {
    if (!AddMethod(type, &each.definition)) return nullptr;
  }
  return NewNone();
}

}  // namespace

PyMethodDef condition_methods[] = {
    {"take_conditions", TakeConditions, METH_O,
     "take_conditions(type, /)\n--\n\nHave the plain uses of threading.Condition done without Python code. Once."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace blockon
