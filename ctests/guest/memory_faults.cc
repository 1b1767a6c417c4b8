// An extension module that lets one allocation of CPython's fail: ctests/runtime/memory_faults.test.ts loads it.
//
// Its hooks stand before the three of CPython's allocators (raw, mem, obj) for the life of the interpreter; the guest's memory
// comes from the first. JavaScript arms and disarms it, by the module's two exports: a call through Python would allocate.
#include "jspi/guest/python_api.h"

extern "C" {

// Of CPython's Include/cpython/pymem.h.
struct PyMemAllocatorEx {
  void* context;
  void* (*malloc)(void* context, size_t size);
  void* (*calloc)(void* context, size_t count, size_t size);
  void* (*realloc)(void* context, void* memory, size_t size);
  void (*free)(void* context, void* memory);
};
void PyMem_GetAllocator(int domain, PyMemAllocatorEx* allocator);
void PyMem_SetAllocator(int domain, PyMemAllocatorEx* allocator);

}  // extern "C"

namespace {

constexpr int kDomains = 3;
PyMemAllocatorEx originals[kDomains];

bool armed = false;
// Which allocation fails, the first being 1, and how many there were.
int failing = 0;
int reached = 0;

bool Fails() { return armed && ++reached == failing; }

const PyMemAllocatorEx& Original(void* context) { return *static_cast<PyMemAllocatorEx*>(context); }

void* Malloc(void* context, size_t size) {
  return Fails() ? nullptr : Original(context).malloc(Original(context).context, size);
}
void* Calloc(void* context, size_t count, size_t size) {
  return Fails() ? nullptr : Original(context).calloc(Original(context).context, count, size);
}
void* Realloc(void* context, void* memory, size_t size) {
  return Fails() ? nullptr : Original(context).realloc(Original(context).context, memory, size);
}
void Free(void* context, void* memory) { Original(context).free(Original(context).context, memory); }

PyModuleDef definition = {
    {{1, nullptr}, nullptr, 0, nullptr}, "memory_faults", nullptr, -1, nullptr, nullptr, nullptr, nullptr, nullptr,
};

}  // namespace

extern "C" {

__attribute__((visibility("default"))) void memory_faults_arm(int number) {
  failing = number;
  reached = 0;
  armed = true;
}

// How many allocations there were since it was armed.
__attribute__((visibility("default"))) int memory_faults_disarm() {
  armed = false;
  return reached;
}

__attribute__((visibility("default"))) PyObject* PyInit_memory_faults() {
  for (int domain = 0; domain < kDomains; domain++) {
    PyMem_GetAllocator(domain, &originals[domain]);
    PyMemAllocatorEx hooked = {&originals[domain], Malloc, Calloc, Realloc, Free};
    PyMem_SetAllocator(domain, &hooked);
  }
  return PyModule_Create2(&definition, kPythonApiVersion);
}

}  // extern "C"
