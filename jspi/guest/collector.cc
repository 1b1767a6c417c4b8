#include "collector.h"

#include "python_api.h"

// The table of offsets for debuggers with which CPython's runtime state begins (Include/internal/pycore_debug_offsets.h).
extern "C" const uint64_t _PyRuntime[];

namespace blockon {
namespace {

constexpr Nanoseconds kTimeOfOneCollection = 1'000'000'000;

// Entries of the table, of CPython 3.14.
constexpr int kCookie = 0;
constexpr int kVersion = 1;
constexpr int kInterpreterGc = 11;
constexpr int kGcCollecting = 82;

constexpr uint64_t kCookieValue = 0x7970677562656478;  // "xdebugpy"

// The collector's state, struct _gc_runtime_state (Include/internal/pycore_interp_structs.h), wasm32.
struct CollectorLayout {
  void* before[20];
  struct {
    uint32_t collections;
    uint32_t collected;
    uint32_t uncollectable;
  } generations[3];
  int collecting;
};
static_assert(offsetof(CollectorLayout, collecting) == 116);

const CollectorLayout* Collector() {
  return reinterpret_cast<const CollectorLayout*>(reinterpret_cast<const char*>(PyInterpreterState_Get()) +
                                                  static_cast<uint32_t>(_PyRuntime[kInterpreterGc]));
}

// How many collections there were. It grows when one ends.
uint32_t Collections(const CollectorLayout* collector) {
  uint32_t sum = 0;
  for (const auto& generation : collector->generations) sum += generation.collections;
  return sum;
}

// A fiber waits inside the collection that goes on, so another fiber that waits meanwhile is outside of it.
bool waited_inside = false;
// The collection that was last waited in, and when its time is up.
uint32_t number = UINT32_MAX;
Nanoseconds time_is_up = kNever;

}  // namespace

bool InsideCollection() { return !waited_inside && Collector()->collecting != 0; }

CollectorWait::CollectorWait() : inside_(InsideCollection()) {
  if (!inside_) return;
  waited_inside = true;
  const uint32_t current = Collections(Collector());
  if (current == number) return;
  number = current;
  time_is_up = Now() + kTimeOfOneCollection;
}

CollectorWait::~CollectorWait() {
  if (inside_) waited_inside = false;
}

Nanoseconds CollectorWait::Bound(Nanoseconds deadline) const {
  return inside_ && time_is_up < deadline ? time_is_up : deadline;
}

bool CollectorWait::RaiseTimeIsUp() const {
  if (!inside_ || Now() < time_is_up) return false;
  PyErr_SetString(PyExc_TimeoutError,
                  "finalizers have waited for 1 s within a garbage collection, and no other can begin before it ends; "
                  "start a task for what takes longer");
  return true;
}

bool CollectorIsAsExpected() {
  return _PyRuntime[kCookie] == kCookieValue && _PyRuntime[kVersion] >> 16 == 0x30e &&
         _PyRuntime[kGcCollecting] == offsetof(CollectorLayout, collecting);
}

}  // namespace blockon
