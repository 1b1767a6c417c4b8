#include "handle.h"

#include "asyncio_api.h"
#include "builtin_method.h"
#include "fiber.h"
#include "memory_reserve.h"
#include "thread_state_layout.h"

namespace blockon {
namespace {

constinit MethodName name_debug("_debug");
constinit MethodName name_old_hooks("_old_agen_hooks");

enum Slot { kCallback, kArguments, kCancelled, kLoop, kContext, kSourceTraceback, kRepr, kSlotCount };
constexpr const char* kSlotNames[kSlotCount] = {"_callback",         "_args", "_cancelled", "_loop", "_context",
                                                "_source_traceback", "_repr"};

// From shims/blockon/_event_loop.py; null before it is installed.
struct Handles {
  PyTypeObject* type = nullptr;
  PyTypeObject* timer_type = nullptr;
  PyTypeObject* loop_type = nullptr;
  PyObject* prepare = nullptr;  // (loop): makes it the running loop, with its hooks
  PyObject* failed = nullptr;   // (handle, exception)
  int offsets[kSlotCount] = {};
} handles;

struct BoundMethod {
  PyObject ob_base;
  PyObject* function;
  PyObject* self;
};

PyObject*& SlotOf(PyObject* handle, Slot slot) {
  return *reinterpret_cast<PyObject**>(reinterpret_cast<char*>(handle) + handles.offsets[slot]);
}

void SetSlot(PyObject* handle, Slot slot, PyObject* value) {
  Py_IncRef(value);
  SlotOf(handle, slot) = value;
}

bool FindSlots(PyTypeObject* type, int (&offsets)[kSlotCount]) {
  for (int i = 0; i < kSlotCount; i++) {
    PyRef descriptor(PyObject_GetAttrString(reinterpret_cast<PyObject*>(type), kSlotNames[i]));
    if (!descriptor) return false;
    offsets[i] = OffsetOfMember(descriptor.get());
    if (offsets[i] >= 0) continue;
    PyErr_Format(PyExc_TypeError, "asyncio.Handle.%s is no slot", kSlotNames[i]);
    return false;
  }
  return true;
}

PyObject* SetHandles(PyObject*, PyObject* arguments) {
  PyObject *type, *timer_type, *loop_type, *prepare, *failed;
  if (!PyArg_ParseTuple(arguments, "OOOOO:set_handles", &type, &timer_type, &loop_type, &prepare, &failed)) {
    return nullptr;
  }
  Handles given;
  given.type = reinterpret_cast<PyTypeObject*>(type);
  given.timer_type = reinterpret_cast<PyTypeObject*>(timer_type);
  given.loop_type = reinterpret_cast<PyTypeObject*>(loop_type);
  given.prepare = prepare;
  given.failed = failed;
  if (!FindSlots(given.type, given.offsets)) return nullptr;
  PyObject* const objects[] = {type, timer_type, loop_type, prepare, failed};
  for (PyObject* object : objects) Py_IncRef(object);
  handles = given;  // once for the interpreter: what was there before is kept
  return NewNone();
}

// Whether asyncio's own constructor has nothing to do that is not done here.
bool IsOrdinary(PyObject* loop) {
  if (loop->ob_type != handles.loop_type) return false;
  PyRef debug(PyObject_GetAttr(loop, name_debug.Get()));
  if (!debug) PyErr_Clear();
  return debug && debug.get() == Py_False;
}

PyObject* CallHandleType(PyObject* loop, PyObject* callback, PyObject* arguments, PyObject* context) {
  PyObject* const values[] = {callback, arguments, loop, context ? context : Py_None};
  return PyObject_Vectorcall(reinterpret_cast<PyObject*>(handles.type), values, 4, nullptr);
}

// What the Python half last made of a thread state, for the next one: the loop, with the hooks that are its own. References, which
// the interpreter has for good.
struct Prepared {
  PyObject* loop = nullptr;
  PyObject* firstiter = nullptr;
  PyObject* finalizer = nullptr;
} prepared;

// False where the Python half is needed: for another loop, and for one that has given the hooks back.
bool PrepareAsBefore(PyObject* loop, ThreadStateLayout* tstate) {
  if (loop != prepared.loop) return false;
  PyRef replaced(PyObject_GetAttr(loop, name_old_hooks.Get()));
  if (!replaced) PyErr_Clear();
  if (!replaced || replaced.get() == Py_None) return false;
  SetReference(&tstate->asyncio_running_loop, loop);
  SetReference(&tstate->async_gen_firstiter, prepared.firstiter);
  SetReference(&tstate->async_gen_finalizer, prepared.finalizer);
  return true;
}

void NotePrepared(PyObject* loop, const ThreadStateLayout* tstate) {
  SetReference(&prepared.loop, loop);
  SetReference(&prepared.firstiter, tstate->async_gen_firstiter);
  SetReference(&prepared.finalizer, tstate->async_gen_finalizer);
}

// Another loop's handle may have run before on this thread state, and a new thread state has its caller's loop.
bool Prepare(PyObject* loop) {
  ThreadStateLayout* tstate = LayoutOf(PyThreadState_Get());
  PyObject* hook = tstate->async_gen_firstiter;
  if (tstate->asyncio_running_loop == loop && hook && hook->ob_type == &PyMethod_Type &&
      reinterpret_cast<BoundMethod*>(hook)->self == loop) {
    return true;
  }
  if (PrepareAsBefore(loop, tstate)) return true;
  Fiber* fiber = Fiber::Current();
  fiber->uninterrupted = true;
  PyRef result(PyObject_Vectorcall(handles.prepare, &loop, 1, nullptr));
  fiber->uninterrupted = false;
  if (!result) return false;
  NotePrepared(loop, tstate);
  return true;
}

PyObject* CallInContext(PyObject* context, PyObject* callback, PyObject* arguments) {
  if (PyContext_Enter(context) != 0) return nullptr;
  PyRef result(PyObject_Call(callback, arguments, nullptr));
  if (PyContext_Exit(context) != 0) return nullptr;
  return result.Release();
}

bool Failed(PyObject* handle) {
  PyRef exception(PyErr_GetRaisedException());
  PyObject* const arguments[] = {handle, exception.get()};
  PyRef result(PyObject_Vectorcall(handles.failed, arguments, 2, nullptr));
  return static_cast<bool>(result);
}

}  // namespace

PyObject* NewHandle(PyObject* loop, PyObject* callback, PyObject* const* arguments, int count, PyObject* context) {
  PyRef tuple(PyTuple_New(count));
  if (!tuple) return nullptr;
  for (int i = 0; i < count; i++) {
    Py_IncRef(arguments[i]);
    PyTuple_SetItem(tuple.get(), i, arguments[i]);
  }
  if (!IsOrdinary(loop)) return CallHandleType(loop, callback, tuple.get(), context);
  PyRef own_context;
  if (!context) {
    own_context.Reset(PyContext_CopyCurrent());
    if (!own_context) return nullptr;
    context = own_context.get();
  }
  PyObject* handle = PyType_GenericAlloc(handles.type, 0);
  if (!handle) return nullptr;
  SetSlot(handle, kCallback, callback);
  SetSlot(handle, kArguments, tuple.get());
  SetSlot(handle, kCancelled, Py_False);
  SetSlot(handle, kLoop, loop);
  SetSlot(handle, kContext, context);
  SetSlot(handle, kSourceTraceback, Py_None);
  SetSlot(handle, kRepr, Py_None);
  return handle;
}

bool IsHandle(PyObject* object) { return object->ob_type == handles.type || object->ob_type == handles.timer_type; }

bool RunHandle(PyObject* handle) {
  if (SlotOf(handle, kCancelled) == Py_True) return true;
  PyRef loop(SlotOf(handle, kLoop));
  Py_IncRef(loop.get());
  while (!Prepare(loop.get())) {
    if (!SpendMemoryReserve()) return Failed(handle);
  }
  // The callback may cancel its own handle, which lets go of these.
  PyRef context(SlotOf(handle, kContext));
  Py_IncRef(context.get());
  PyRef callback(SlotOf(handle, kCallback));
  Py_IncRef(callback.get());
  PyRef arguments(SlotOf(handle, kArguments));
  Py_IncRef(arguments.get());
  PyRef result(CallInContext(context.get(), callback.get(), arguments.get()));
  return result || Failed(handle);
}

PyMethodDef handle_methods[] = {
    {"set_handles", SetHandles, METH_VARARGS,
     "set_handles(type, timer_type, loop_type, prepare, failed)\n--\n\nSay how handles of asyncio are made and run."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace blockon
