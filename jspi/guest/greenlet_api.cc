#include "greenlet_api.h"

#include "greenlet.h"
#include "greenlet_members.h"
#include "greenlet_switch.h"

namespace blockon {
namespace {

bool CheckGreenlet(PyObject* object) {
  if (object && IsGreenlet(object)) return true;
  PyErr_BadArgument();
  return false;
}

PyObject* New(PyObject* run, PyObject* parent) {
  PyRef arguments(PyTuple_New(0));
  PyRef keywords(PyDict_New());
  if (!arguments || !keywords || (run && PyDict_SetItemString(keywords.get(), "run", run) != 0) ||
      (parent && PyDict_SetItemString(keywords.get(), "parent", parent) != 0)) {
    return nullptr;
  }
  return PyObject_Call(reinterpret_cast<PyObject*>(greenlet_type), arguments.get(), keywords.get());
}

PyObject* GetCurrent() {
  Greenlet* const current = CurrentGreenlet();
  return current ? NewReference(AsObject(current)) : nullptr;
}

PyObject* Throw(PyObject* object, PyObject* type, PyObject* value, PyObject* trace) {
  if (!CheckGreenlet(object)) return nullptr;
  return ThrowInto(AsGreenlet(object), type ? type : greenlet_exit, value, trace);
}

// `keywords` that are no dict are left out, as the package does.
PyObject* Switch(PyObject* object, PyObject* arguments, PyObject* keywords) {
  if (!CheckGreenlet(object)) return nullptr;
  const bool named = keywords && PyObject_IsInstance(keywords, reinterpret_cast<PyObject*>(&PyDict_Type)) == 1;
  Parcel parcel;
  if (!PackCall(arguments, named ? keywords : nullptr, &parcel)) return nullptr;
  return SwitchTo(AsGreenlet(object), parcel);
}

int SetParent(PyObject* object, PyObject* parent) {
  return CheckGreenlet(object) ? SetGreenletParent(object, parent, nullptr) : -1;
}

int IsMain(PyObject* object) { return CheckGreenlet(object) ? AsGreenlet(object)->is_main : -1; }
int HasStarted(PyObject* object) { return CheckGreenlet(object) ? AsGreenlet(object)->started : -1; }

int IsActiveNow(PyObject* object) {
  if (!CheckGreenlet(object)) return -1;
  return IsActive(AsGreenlet(object)) && !IsDead(AsGreenlet(object));
}

// Null without an exception where there is none.
PyObject* GetParent(PyObject* object) {
  if (!CheckGreenlet(object)) return nullptr;
  PyObject* const parent = AsObject(AsGreenlet(object)->parent);
  return parent ? NewReference(parent) : nullptr;
}

template <typename T>
void* Entry(T* function) {
  return reinterpret_cast<void*>(function);
}

void* entries[12];

}  // namespace

PyObject* NewGreenletApi() {
  // In the order of greenlet.h.
  void* const made[] = {
      greenlet_type, greenlet_error,   greenlet_exit, Entry(New),        Entry(GetCurrent),  Entry(Throw),
      Entry(Switch), Entry(SetParent), Entry(IsMain), Entry(HasStarted), Entry(IsActiveNow), Entry(GetParent),
  };
  static_assert(sizeof(made) == sizeof(entries));
  memcpy(entries, made, sizeof(made));
  return PyCapsule_New(entries, "greenlet._C_API", nullptr);
}

}  // namespace blockon
