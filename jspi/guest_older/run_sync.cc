// pyodide.ffi.run_sync of Python 3.13, in place of Pyodide's (patches/0.28.3/routes.txt).
//
// Upstream makes a future of whatever is awaited and a promise of the future, also of what is a promise already, of a future that is done and of a coroutine
// that never waits. Here
//
//   1 a promise that is fulfilled is read, through the engine
//   2 a pending one is suspended on as it is
//   3 a coroutine, a future and the like are given to a function of Python's (shims_older/blockon/_run_sync.py), which waits if it has to
//   4 all else, and where nothing can wait, is upstream's
//
// The stack and what else is a call's own are switched by the glue, whatever is waited for (patches/0.28.3/0010-fibers.toml), the thread state by
// call_state.cc. Nothing here knows how CPython lays out what it has.
//
// Called with a thread state attached.
#include "jspi/guest/pyodide_api.h"
#include "jspi/guest/python_api.h"
#include "jspi/guest_older/call_state.h"

extern "C" {

// The engine's: -1: not a native promise; else 0 pending, 1 fulfilled, 2 rejected. And the value of a fulfilled one.
__attribute__((import_module("blockon"), import_name("promise_state"))) int blockon_promise_state(JsVal value);
__attribute__((import_module("blockon"), import_name("promise_result"))) JsVal blockon_promise_result(JsVal promise);
// The glue's: a promise that is fulfilled in the event loop's next turn.
__attribute__((import_module("blockon"), import_name("next_turn"))) JsVal blockon_next_turn();

// Pyodide's: whether what calls can be suspended; and suspends it until the promise has settled, with its value, or with an exception set.
int can_run_sync_js();
JsVal JsvPromise_Syncify(JsVal promise);
PyObject* run_sync(PyObject* module, PyObject* awaitable);

}  // extern "C"

namespace {

constexpr int kFulfilled = 1;

// So many promises are read before the event loop has its turn: a loop over those that are fulfilled would keep it for itself.
constexpr int kReadsInTurn = 1000;
int reads_left = kReadsInTurn;

// A function of Python's, for what asyncio awaits; null for none.
PyObject* await = nullptr;

// False with an exception set.
bool Turn() {
  JsvPromise_Syncify(blockon_next_turn());
  reads_left = kReadsInTurn;
  return !PyErr_Occurred();
}

PyObject* WaitForPromise(JsVal promise, int state) {
  if (state == kFulfilled) {
    if (reads_left == 0 && !Turn()) return nullptr;
    reads_left--;
    return js2python(blockon_promise_result(promise));
  }
  JsVal result = JsvPromise_Syncify(promise);
  return PyErr_Occurred() ? nullptr : js2python(result);
}

PyObject* SetAwait(PyObject*, PyObject* function) {
  blockon::SetReference(&await, function);
  return blockon::NewNone();
}

PyMethodDef methods[] = {
    {"set_await", SetAwait, METH_O,
     "set_await(function)\n--\n\nHave run_sync give this function what it may wait for and is not JavaScript's: it returns the result."},
    {"set_asyncio", blockon::SetAsyncio, METH_O,
     "set_asyncio(functions)\n--\n\nHave a call that waits take its running loop and task along, by these functions of _asyncio's (call_state.h)."},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef definition = {
    {{1, nullptr}, nullptr, 0, nullptr},
    "_blockon",
    "What is merged into this interpreter.",
    -1,
    methods,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
};

PyObject* InitModule() { return PyModule_Create2(&definition, kPythonApiVersion); }

__attribute__((constructor)) void RegisterModule() { PyImport_AppendInittab("_blockon", InitModule); }

}  // namespace

extern "C" __attribute__((visibility("default"))) PyObject* blockon_run_sync(PyObject* module, PyObject* awaitable) {
  if (JsProxy_Check(awaitable)) {
    JsVal value = JsProxy_Val(awaitable);
    const int state = blockon_promise_state(value);
    if (state >= 0 && can_run_sync_js()) return WaitForPromise(value, state);
  } else if (await && py_is_awaitable(awaitable) && can_run_sync_js()) {
    return PyObject_CallOneArg(await, awaitable);
  }
  return run_sync(module, awaitable);
}
