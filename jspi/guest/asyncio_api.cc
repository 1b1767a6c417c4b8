#include "asyncio_api.h"

namespace blockon {
namespace {

constinit MethodName get_task_factory("get_task_factory");

struct Asyncio {
  PyObject* ensure_future = nullptr;
  PyObject* get_event_loop = nullptr;
  PyObject* task_type = nullptr;
  PyObject* eager_keywords = nullptr;  // ("loop", "eager_start")
};

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
  PyRef keywords(PyTuple_New(2));
  if (!keywords) return nullptr;
  const char* const names[] = {"loop", "eager_start"};
  for (int i = 0; i < 2; i++) {
    PyObject* name = PyUnicode_InternFromString(names[i]);
    if (!name || PyTuple_SetItem(keywords.get(), i, name) != 0) return nullptr;
  }
  cached = {ensure_future.Release(), get_event_loop.Release(), task_type.Release(), keywords.Release()};
  return &cached;
}

PyObject* Call(PyObject* callable, PyObject* const* args, uint32_t count, PyObject* keywords = nullptr) {
  return PyObject_Vectorcall(callable, args, count, keywords);
}

}  // namespace

PyObject* CallMethod(PyObject* object, MethodName& name, PyObject* argument) {
  PyObject* interned = name.Get();
  if (!interned) return nullptr;
  PyObject* const args[] = {object, argument};
  return PyObject_VectorcallMethod(interned, args, argument ? 2 : 1, nullptr);
}

PyObject* EnsureFuture(PyObject* awaitable) {
  const Asyncio* asyncio = LoadAsyncio();
  if (!asyncio) return nullptr;
  return Call(asyncio->ensure_future, &awaitable, 1);
}

PyObject* StartTask(PyObject* coroutine) {
  const Asyncio* asyncio = LoadAsyncio();
  if (!asyncio) return nullptr;
  PyRef loop(Call(asyncio->get_event_loop, nullptr, 0));
  if (!loop) return nullptr;
  PyRef factory(CallMethod(loop.get(), get_task_factory));
  if (!factory) return nullptr;
  if (factory.get() != Py_None) return EnsureFuture(coroutine);
  PyObject* const args[] = {coroutine, loop.get(), Py_True};
  return Call(asyncio->task_type, args, 1, asyncio->eager_keywords);
}

}  // namespace blockon
