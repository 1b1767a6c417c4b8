// Stands in for _PyEM_TrampolineCall_JS, which CPython calls where it has no trampoline (patches/314.0.7/routes.txt).
#include "builtin_call.h"

#include "engine_api.h"
#include "foreign_modules.h"
#include "instance.h"
#include "python_api.h"

extern "C" {
// CPython's: where in its runtime the trampoline's address is.
extern char _PyRuntime;
extern const int32_t _PyEM_EMSCRIPTEN_TRAMPOLINE_OFFSET;
// Calls by way of JavaScript, which cannot be suspended: for an engine without garbage collection in wasm.
PyObject* _PyEM_TrampolineCall_JS(void* function, PyObject* one, PyObject* two, PyObject* three);

uint32_t blockon_table_size();  // builtin_call.s
}

namespace blockon {
namespace {

// Clears `fits` and calls nothing if the function takes more than three arguments.
using Trampoline = PyObject* (*)(int* fits, void* function, PyObject* one, PyObject* two, PyObject* three);
Trampoline upstreams = nullptr;

// By slot of the table: how many arguments that function takes, and one; 0 where nobody has asked, and where they are too many.
constexpr uint32_t kMostSlots = 1 << 14;
uint8_t counted[kMostSlots];
uint32_t lasting_slots = 0;

// This instance has what counts.
bool counts = false;

void MakeCounter() {
  if (!blockon_is_new_instance(BLOCKON_INSTANCE_COUNTER)) return;
  WasmWriter module(kCountModuleCapacity);
  WriteCountModule(module);
  counts = module.ok() && blockon_argument_counter(module.data(), module.size());
}

// What `counted` is to have of it.
[[gnu::noinline]] uint32_t Count(void* function) {
  const auto slot = reinterpret_cast<uint32_t>(function);
  if (slot >= lasting_slots) return 0;
  MakeCounter();
  if (counts) counted[slot] = static_cast<uint8_t>(1 + blockon_count_arguments(function));
  return counted[slot];
}

[[gnu::noinline]] PyObject* CallByUpstreams(void* function, PyObject* one, PyObject* two, PyObject* three) {
  if (!upstreams) return _PyEM_TrampolineCall_JS(function, one, two, three);
  int fits = 1;
  PyObject* result = upstreams(&fits, function, one, two, three);
  if (!fits) PyErr_SetString(PyExc_SystemError, "Handler takes too many arguments");
  return result;
}

}  // namespace

void TakeBuiltinCalls() {
  auto* place = reinterpret_cast<Trampoline*>(&_PyRuntime + _PyEM_EMSCRIPTEN_TRAMPOLINE_OFFSET);
  if (!*place) return;
  upstreams = *place;
  *place = nullptr;
  const uint32_t slots = blockon_table_size();
  lasting_slots = slots < kMostSlots ? slots : kMostSlots;
}

}  // namespace blockon

extern "C" __attribute__((visibility("default"))) PyObject* blockon_call_builtin(void* function, PyObject* one,
                                                                                 PyObject* two, PyObject* three) {
  using namespace blockon;
  const auto slot = reinterpret_cast<uint32_t>(function);
  uint32_t count = slot < kMostSlots ? counted[slot] : 0;
  if (count == 0) count = Count(function);
  switch (count) {
    case 1:
      return reinterpret_cast<PyObject* (*)()>(function)();
    case 2:
      return reinterpret_cast<PyObject* (*)(PyObject*)>(function)(one);
    case 3:
      return reinterpret_cast<PyObject* (*)(PyObject*, PyObject*)>(function)(one, two);
    case 4:
      return reinterpret_cast<PyObject* (*)(PyObject*, PyObject*, PyObject*)>(function)(one, two, three);
    default:
      return CallByUpstreams(function, one, two, three);
  }
}
