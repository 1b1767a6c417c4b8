#include "switch_interval.h"

#include "python_api.h"

// The table of offsets for debuggers with which CPython's runtime state begins (Include/internal/pycore_debug_offsets.h).
extern "C" const uint64_t _PyRuntime[];

namespace blockon {
namespace {

// Entries of the table, of CPython 3.14: the pointer to the GIL that an interpreter uses, and its own GIL.
constexpr int kInterpreterUsedGil = 15;
constexpr int kInterpreterOwnGil = 16;

constexpr uint32_t kDefaultInterval = 5000;

// The head of struct _gil_runtime_state (Include/internal/pycore_gil.h).
struct Gil {
  uint32_t interval;
};

template <typename T>
T* InInterpreter(int entry) {
  return reinterpret_cast<T*>(reinterpret_cast<char*>(PyInterpreterState_Get()) +
                              static_cast<uint32_t>(_PyRuntime[entry]));
}

}  // namespace

const uint32_t* SwitchInterval() { return &(*InInterpreter<Gil*>(kInterpreterUsedGil))->interval; }

bool SwitchIntervalIsAsExpected() {
  return *InInterpreter<Gil*>(kInterpreterUsedGil) == InInterpreter<Gil>(kInterpreterOwnGil) &&
         *SwitchInterval() == kDefaultInterval;
}

}  // namespace blockon
