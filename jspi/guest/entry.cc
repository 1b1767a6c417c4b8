// The ways into a fiber: what JavaScript calls through WebAssembly.promising, in place of Pyodide's own
// _pyproxy_apply_promising and run_main_promising (patches/314.0.7/routes.txt).
//
// Called from the event loop, on the main C stack, with the event loop's thread state.
#include "fiber.h"
#include "python_api.h"

using blockon::Fiber;

extern "C" {

JsVal blockon_switch_and_apply(Fiber* fiber, PyObject* callable, JsVal args, uint32_t positional, JsVal keyword_names,
                               uint32_t keywords, PyObject** exception);
int blockon_switch_and_run_main(Fiber* fiber);

// On the fiber's stack.
JsVal blockon_apply_on_fiber(Fiber* fiber, PyObject* callable, JsVal args, uint32_t positional, JsVal keyword_names,
                             uint32_t keywords, PyObject** exception) {
  if (!fiber->EnterPython()) {
    *exception = PyErr_GetRaisedException();
    return hiwire_get(Jsr_error);
  }
  JsVal result = _pyproxy_apply(callable, args, positional, keyword_names, keywords);
  // The exception leaves with the result, before the thread state that holds it is gone.
  *exception = PyErr_GetRaisedException();
  fiber->ExitPython();
  return result;
}

int blockon_main_on_fiber(Fiber* fiber) {
  if (!fiber->EnterPython()) {
    PyErr_Print();
    return 1;
  }
  const int exit_code = run_main();
  fiber->ExitPython();
  return exit_code;
}

// Same signature as the function that it replaces; the suspender is a leftover of the older JSPI and null.
// The result is wrapped in an array of one, so that V8 resolves the promise with it and does not wait for
// a thenable that Python returned.
__attribute__((visibility("default"))) JsVal blockon_apply_promising(JsVal, PyObject* callable, JsVal args,
                                                                     uint32_t positional, JsVal keyword_names,
                                                                     uint32_t keywords, PyObject** exception) {
  JsVal wrapped = JsvArray_New();
  Fiber* fiber = Fiber::New(blockon::FiberKind::kTask);
  if (!fiber) {
    *exception = PyErr_GetRaisedException();
    JsvArray_Push(wrapped, hiwire_get(Jsr_error));
    return wrapped;
  }
  JsVal result = blockon_switch_and_apply(fiber, callable, args, positional, keyword_names, keywords, exception);
  Fiber::Delete(fiber);
  JsvArray_Push(wrapped, result);
  return wrapped;
}

__attribute__((visibility("default"))) int blockon_run_main_promising(JsVal) {
  Fiber* fiber = Fiber::New(blockon::FiberKind::kTask);
  if (!fiber) {
    PyErr_Print();
    return 1;
  }
  const int exit_code = blockon_switch_and_run_main(fiber);
  Fiber::Delete(fiber);
  return exit_code;
}

}  // extern "C"
