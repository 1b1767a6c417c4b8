#include "asyncio_api.h"

#include "thread_state_layout.h"

namespace blockon {
namespace {

constinit MethodName future_blocking("_asyncio_future_blocking");
constinit MethodName get_task_factory("get_task_factory");
constinit MethodName task_factory("_task_factory");
constinit MethodName name_cancel("cancel");
constinit MethodName name_done("done");
constinit MethodName name_create_future("create_future");
constinit MethodName name_get_loop("get_loop");

// From shims/blockon/_promise_futures.py; null before it is installed.
struct PromiseFutures {
  PyObject* loop_type = nullptr;
  PyObject* create_future = nullptr;  // the loop type's own
  PyObject* new_future = nullptr;
  PyObject* register_future = nullptr;
  PyObject* error_of = nullptr;
  PyObject* task_type = nullptr;
  PyObject* get_main_loop = nullptr;
} promise_futures;

PyObject* SetPromiseFutures(PyObject*, PyObject* arguments) {
  PromiseFutures given;
  if (!PyArg_ParseTuple(arguments, "OOOOOOO:set_promise_futures", &given.loop_type, &given.create_future,
                        &given.new_future, &given.register_future, &given.error_of, &given.task_type,
                        &given.get_main_loop)) {
    return nullptr;
  }
  PyObject* const objects[] = {given.loop_type, given.create_future, given.new_future,   given.register_future,
                               given.error_of,  given.task_type,     given.get_main_loop};
  for (PyObject* object : objects) Py_IncRef(object);
  promise_futures = given;  // once for the interpreter: what was there before is kept
  return NewNone();
}

struct Asyncio {
  PyObject* ensure_future = nullptr;
  PyObject* get_event_loop = nullptr;
  PyObject* task_type = nullptr;
  PyObject* loop_keyword = nullptr;    // ("loop",)
  PyObject* eager_keywords = nullptr;  // ("loop", "eager_start")
};

template <int count>
PyObject* Names(const char* const (&names)[count]) {
  PyRef tuple(PyTuple_New(count));
  for (int i = 0; tuple && i < count; i++) {
    PyObject* name = PyUnicode_InternFromString(names[i]);
    if (!name || PyTuple_SetItem(tuple.get(), i, name) != 0) return nullptr;
  }
  return tuple.Release();
}

Asyncio* LoadAsyncio() {
  static Asyncio cached;
  if (cached.eager_keywords) return &cached;
  PyRef module(PyImport_ImportModule("asyncio"));
  if (!module) return nullptr;
  PyRef ensure_future(PyObject_GetAttrString(module.get(), "ensure_future"));
  if (!ensure_future) return nullptr;
  PyRef get_event_loop(PyObject_GetAttrString(module.get(), "get_event_loop"));
  if (!get_event_loop) return nullptr;
  PyRef task_type(PyObject_GetAttrString(module.get(), "Task"));
  if (!task_type) return nullptr;
  PyRef loop_keyword(Names({"loop"}));
  if (!loop_keyword) return nullptr;
  PyRef eager_keywords(Names({"loop", "eager_start"}));
  if (!eager_keywords) return nullptr;
  cached = {ensure_future.Release(), get_event_loop.Release(), task_type.Release(), loop_keyword.Release(),
            eager_keywords.Release()};
  return &cached;
}

PyObject* Call(PyObject* callable, PyObject* const* args, uint32_t count, PyObject* keywords = nullptr) {
  return PyObject_Vectorcall(callable, args, count, keywords);
}

PyObject* GetMainLoop() {
  if (promise_futures.get_main_loop) return Call(promise_futures.get_main_loop, nullptr, 0);
  const Asyncio* asyncio = LoadAsyncio();
  return asyncio ? Call(asyncio->get_event_loop, nullptr, 0) : nullptr;
}

}  // namespace

PyObject* CallMethod(PyObject* object, MethodName& name, PyObject* argument) {
  PyObject* interned = name.Get();
  if (!interned) return nullptr;
  PyObject* const args[] = {object, argument};
  return PyObject_VectorcallMethod(interned, args, argument ? 2 : 1, nullptr);
}

int IsDone(PyObject* future) {
  PyRef done(CallMethod(future, name_done));
  return done ? PyObject_IsTrue(done.get()) : -1;
}

void CancelAwaited(PyObject* future) {
  const KeptException kept;
  PyRef cancelled(CallMethod(future, name_cancel));
}

PyObject* GetEventLoop() {
  PyObject* running = LayoutOf(PyThreadState_Get())->asyncio_running_loop;
  if (running) {
    Py_IncRef(running);
    return running;
  }
  return GetMainLoop();
}

bool IsWithinOwnLoop() {
  PyObject* running = LayoutOf(PyThreadState_Get())->asyncio_running_loop;
  if (!running || !promise_futures.loop_type) return false;
  if (reinterpret_cast<PyObject*>(running->ob_type) == promise_futures.loop_type) return false;
  const int is_web_loop = PyObject_IsInstance(running, promise_futures.loop_type);
  if (is_web_loop < 0) PyErr_Clear();
  return is_web_loop == 0;
}

bool IsOfRunningLoop(PyObject* future) {
  PyRef loop(CallMethod(future, name_get_loop));
  if (!loop) PyErr_Clear();  // what is no future of asyncio's may have none
  return loop && loop.get() == LayoutOf(PyThreadState_Get())->asyncio_running_loop;
}

PyObject* EnsureMainFuture(PyObject* awaitable) {
  const Asyncio* asyncio = LoadAsyncio();
  if (!asyncio) return nullptr;
  // asyncio's mark of a future, which has its loop already.
  PyRef mark(PyObject_GetAttr(awaitable, future_blocking.Get()));
  if (mark && mark.get() != Py_None) return NewReference(awaitable);
  PyErr_Clear();
  PyRef loop(GetMainLoop());
  if (!loop) return nullptr;
  PyObject* const args[] = {awaitable, loop.get()};
  return Call(asyncio->ensure_future, args, 1, asyncio->loop_keyword);
}

PyObject* EnsureFuture(PyObject* awaitable) {
  const Asyncio* asyncio = LoadAsyncio();
  if (!asyncio) return nullptr;
  return Call(asyncio->ensure_future, &awaitable, 1);
}

PyObject* StartTask(PyObject* coroutine) {
  const Asyncio* asyncio = LoadAsyncio();
  PyRef loop(asyncio ? GetEventLoop() : nullptr);
  if (!loop) return nullptr;
  const bool is_web_loop = reinterpret_cast<PyObject*>(loop.get()->ob_type) == promise_futures.loop_type;
  PyRef factory(is_web_loop ? PyObject_GetAttr(loop.get(), task_factory.Get())
                            : CallMethod(loop.get(), get_task_factory));
  if (!factory) return nullptr;
  if (factory.get() != Py_None) return EnsureFuture(coroutine);
  PyObject* const args[] = {coroutine, loop.get(), Py_True};
  PyObject* task_type = promise_futures.task_type ? promise_futures.task_type : asyncio->task_type;
  return Call(task_type, args, 1, asyncio->eager_keywords);
}

PyObject* NewLoopFuture(bool* registered) {
  *registered = true;
  const Asyncio* asyncio = LoadAsyncio();
  PyRef loop(asyncio ? GetEventLoop() : nullptr);
  if (!loop) return nullptr;
  if (reinterpret_cast<PyObject*>(loop.get()->ob_type) == promise_futures.loop_type) {
    PyRef create(PyObject_GetAttr(promise_futures.loop_type, name_create_future.Get()));
    if (!create) return nullptr;
    if (create.get() == promise_futures.create_future) {
      *registered = false;
      PyObject* const argument = loop.get();
      return Call(promise_futures.new_future, &argument, 0, asyncio->loop_keyword);
    }
  }
  return CallMethod(loop.get(), name_create_future);
}

void RegisterLoopFuture(PyObject* future) {
  PyRef result(Call(promise_futures.register_future, &future, 1));
  if (!result) PyErr_Clear();
}

PyObject* ErrorOfReason(PyObject* reason) {
  if (!promise_futures.error_of) {
    return PyErr_Format(PyExc_RuntimeError, "a promise was rejected with %R, which is no error", reason);
  }
  return Call(promise_futures.error_of, &reason, 1);
}

PyMethodDef promise_future_methods[] = {
    {"set_promise_futures", SetPromiseFutures, METH_VARARGS,
     "set_promise_futures(loop_type, create_future, new_future, register_future, error_of, task_type, get_main_loop)\n"
     "--\n\nSay how the futures of promises are made, and the tasks of run_sync."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace blockon
