#include "owner.h"

#include "python_api.h"
#include "thread_state_layout.h"

namespace blockon {
namespace {

bool IsCall(uint32_t number) { return (number & 1) != 0; }
uint32_t CallOf(Owner owner) { return static_cast<uint32_t>(owner); }
uint32_t TaskOf(Owner owner) { return static_cast<uint32_t>(owner >> 32); }

uint32_t RunningTask(PyThreadState* tstate) {
  return tstate ? reinterpret_cast<uint32_t>(LayoutOf(tstate)->asyncio_running_task) : 0;
}

}  // namespace

uint32_t ThreadIdent(const Fiber* thread) { return thread->call() << 1 | 1; }

uint32_t CurrentCall() {
  const Fiber* fiber = Fiber::Current();
  return fiber ? ThreadIdent(fiber->base()) : static_cast<uint32_t>(PyThread_get_thread_ident_ex());
}

Owner CurrentOwner() { return static_cast<Owner>(RunningTask(PyThreadState_GetUnchecked())) << 32 | CurrentCall(); }

bool IsCurrent(Owner owner) {
  if (owner == 0) return false;
  const Owner current = CurrentOwner();
  return CallOf(owner) == CallOf(current) || (TaskOf(owner) != 0 && TaskOf(owner) == TaskOf(current));
}

Fiber* FindOwner(Owner owner) {
  if (!IsCall(CallOf(owner))) return nullptr;
  // The call's highest bit is not in the owner.
  const uint32_t call = CallOf(owner) >> 1;
  Fiber* fiber = Fiber::FindCall(call);
  return fiber ? fiber : Fiber::FindCall(call | 1U << 31);
}

bool HasEnded(Owner owner) { return IsCall(CallOf(owner)) && !FindOwner(owner); }

bool IsBoundTo(Owner owner, const Fiber* fiber) {
  return TaskOf(owner) == 0 || TaskOf(owner) == RunningTask(fiber->top()->tstate().own());
}

}  // namespace blockon

extern "C" {

// In place of PyThread_get_thread_ident_ex where RLock's acquire asks for the owner.
__attribute__((visibility("default"))) uint64_t blockon_owner() { return blockon::CurrentOwner(); }

// In place of PyThread_get_thread_ident in the buffered files.
__attribute__((visibility("default"))) uint32_t blockon_call() { return blockon::CurrentCall(); }

}  // extern "C"
