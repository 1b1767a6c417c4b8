#include "memory_reserve.h"

#include "python_api.h"

namespace blockon {
namespace {

// Some hundred handles with their contexts.
constexpr size_t kReserveSize = 64 * 1024;

void* reserve = nullptr;

}  // namespace

void KeepMemoryReserve() {
  if (!reserve) reserve = PyMem_RawMalloc(kReserveSize);
}

bool SpendMemoryReserve() {
  if (!reserve || !PyErr_ExceptionMatches(PyExc_MemoryError)) return false;
  PyErr_Clear();
  PyMem_RawFree(reserve);
  reserve = nullptr;
  return true;
}

}  // namespace blockon
