// The builtin module _blockon: what the guest tells of itself, for tests, `blockon ps` and the curious.
//
// Also here: what runs once, in the constructors, before Python starts.
#include "asyncio_api.h"
#include "blocking.h"
#include "buffered.h"
#include "builtin_call.h"
#include "collector.h"
#include "condition.h"
#include "data_stack.h"
#include "deadline.h"
#include "engine_api.h"
#include "environment_text.h"
#include "event_loop.h"
#include "fiber.h"
#include "fiber_list.h"
#include "handle.h"
#include "http_fields.h"
#include "http_messages.h"
#include "import_lock.h"
#include "interval_timer.h"
#include "js_identity.h"
#include "limits.h"
#include "lock_objects.h"
#include "parking_lot.h"
#include "pyodide_api.h"
#include "python_api.h"
#include "random_switches.h"
#include "run_sync.h"
#include "snapshot_pages.h"
#include "socket_methods.h"
#include "socket_watch.h"
#include "stack_region.h"
#include "standstill.h"
#include "switch_interval.h"
#include "task_cancel.h"
#include "thread_state.h"
#include "threads.h"
#include "time_slices.h"
#include "timers.h"
#include "tls.h"
#include "unwritten.h"

extern "C" uint32_t blockon_stack_pointer();  // stack_switch.s

namespace blockon {
namespace {

bool SetNumber(PyObject* dict, const char* key, uint32_t number) {
  PyRef value(PyLong_FromLong(static_cast<long>(number)));
  return value && PyDict_SetItemString(dict, key, value.get()) == 0;
}

PyObject* Stats(PyObject*, PyObject*) {
  PyRef dict(PyDict_New());
  if (!dict) return nullptr;
  const Fiber* fiber = Fiber::Current();
  const StackRegionStats regions = GetStackRegionStats();
  PyObject* d = dict.get();
  if (SetNumber(d, "fibers_live", Fiber::counts().live) && SetNumber(d, "fibers_created", Fiber::counts().created) &&
      SetNumber(d, "fiber_limit", Fiber::Limit()) && SetNumber(d, "fiber_id", fiber ? fiber->id() : 0) &&
      SetNumber(d, "regions_in_use", regions.in_use) && SetNumber(d, "regions_pooled", regions.pooled) &&
      SetNumber(d, "regions_resident", regions.resident) && SetNumber(d, "region_size", kStackRegionSize) &&
      SetNumber(d, "region_start", fiber ? fiber->region().start : 0) &&
      SetNumber(d, "stack_pointer", blockon_stack_pointer()) && SetNumber(d, "gate_open", blockon_can_suspend()) &&
      SetNumber(d, "ready_handles", ReadyHandles()) && SetNumber(d, "pending_timers", PendingTimers()) &&
      SetNumber(d, "parked_fibers", ParkedFibers()) && SetNumber(d, "preempted_fibers", PreemptedFibers()) &&
      SetNumber(d, "switches_at_random", SwitchesAtRandom())) {
    return dict.Release();
  }
  return nullptr;
}

PyObject* PoisonStacks(PyObject*, PyObject* on) {
  const int is_on = PyObject_IsTrue(on);
  if (is_on < 0) return nullptr;
  PoisonStackRegions(is_on != 0);
  return NewNone();
}

PyMethodDef methods[] = {
    {"stats", Stats, METH_NOARGS,
     "stats()\n--\n\nReturn a dict of numbers: fibers_live, fibers_created, fiber_limit, fiber_id (0 outside of\n"
     "a fiber), regions_in_use, regions_pooled, regions_resident (those of the pool that hold pages of the machine),\n"
     "region_size and region_start (bytes, address), stack_pointer (address), gate_open (1 when python_run_sync\n"
     "is on), ready_handles and pending_timers (of the event loop), parked_fibers (which wait for a lock, an event\n"
     "or a queue), preempted_fibers (whose time slice is over),\n"
     "switches_at_random (1 under BLOCKON_SWITCH)."},
    {"poison_stacks", PoisonStacks, METH_O,
     "poison_stacks(on)\n--\n\nFill C stacks with 0xEE where nothing may be read any more: a test's option."},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef definition = {
    {{1, nullptr}, nullptr, 0, nullptr},
    "_blockon",
    "The stack-switching guest that is merged into this interpreter.",
    -1,
    methods,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
};

PyObject* InitModule() {
  PyMethodDef* const parts[] = {
      blocking_methods,         buffered_methods,      condition_methods,    deadline_methods,
      environment_text_methods, event_loop_methods,    fiber_list_methods,   handle_methods,
      http_fields_methods,      http_messages_methods, import_lock_methods,  interval_timer_methods,
      js_identity_methods,      limits_methods,        lock_object_methods,  promise_future_methods,
      snapshot_pages_methods,   socket_methods,        socket_watch_methods, standstill_methods,
      task_cancel_methods,      thread_methods,        tls_methods,          unwritten_methods};
  PyRef module(PyModule_Create2(&definition, kPythonApiVersion));
  for (PyMethodDef* part : parts) {
    if (!module || PyModule_AddFunctions(module.get(), part) != 0) return nullptr;
  }
  return module.Release();
}

__attribute__((constructor)) void RegisterModule() { PyImport_AppendInittab("_blockon", InitModule); }

}  // namespace
}  // namespace blockon

// Stands in for the initialisation of Pyodide's own module: the first moment at which Python's main thread state
// exists, and so the moment to bound the main stack.
extern "C" __attribute__((visibility("default"))) PyObject* blockon_init_pyodide_core() {
  if (!blockon::ThreadStateIsAsExpected()) {
    _Py_FatalErrorFunc("blockon", "this build of CPython lays out its thread states otherwise than 3.14");
  }
  if (!blockon::CollectorIsAsExpected()) {
    _Py_FatalErrorFunc("blockon", "this build of CPython lays out its collector otherwise than 3.14");
  }
  if (!blockon::SwitchIntervalIsAsExpected()) {
    _Py_FatalErrorFunc("blockon", "this build of CPython keeps its switch interval elsewhere than 3.14");
  }
  if (!blockon::KeepDataStacks()) {
    _Py_FatalErrorFunc("blockon", "Python's first frames take up more memory than in CPython 3.14");
  }
  blockon::TakeBuiltinCalls();
  if (!blockon::ProtectMainStack()) return nullptr;
  blockon::PyRef module(PyInit__pyodide_core());
  if (!module || !blockon::InstallRunSync(module.get())) return nullptr;
  return module.Release();
}
