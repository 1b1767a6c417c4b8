#include "greenlet_thread.h"

#include "asyncio_api.h"
#include "event_loop.h"
#include "greenlet_switch.h"
#include "handle.h"
#include "run_sync.h"

namespace blockon {
namespace {

// The main thread's.
GreenletThread* of_main_thread = nullptr;
int main_greenlets = 0;

GreenletThread** Place() {
  Fiber* const fiber = Fiber::Current();
  Fiber* const thread = fiber ? fiber->thread() : nullptr;
  return thread ? &thread->greenlets : &of_main_thread;
}

GreenletThread* Make() {
  auto* made = static_cast<GreenletThread*>(PyMem_RawMalloc(sizeof(GreenletThread)));
  Greenlet* main = made ? NewMainGreenlet(made) : nullptr;
  if (!main) {
    PyMem_RawFree(made);
    if (!PyErr_Occurred()) PyErr_NoMemory();
    return nullptr;
  }
  main_greenlets++;
  *made = {.main = main, .trace = nullptr, .doomed = nullptr};
  return made;
}

// An active greenlet of the thread that was not tried to be ended yet.
Fiber* NextOf(const Fiber* thread) {
  for (Fiber* fiber = Fiber::Youngest(); fiber; fiber = fiber->older()) {
    if (fiber->greenlet && fiber->thread() == thread && !fiber->ended_with_thread) return fiber;
  }
  return nullptr;
}

// Has a callback of the event loop end what is doomed in the main thread. Where there is no loop or no memory for that, the next use
// of greenlets does.
void ScheduleEnd() {
  PyRef loop(GetEventLoop());
  PyRef use(loop ? PyObject_GetAttrString(reinterpret_cast<PyObject*>(greenlet_type), "getcurrent") : nullptr);
  PyRef handle(use ? NewHandle(loop.get(), use.get(), nullptr, 0, nullptr) : nullptr);
  if (!handle || !MakeHandleReady(handle.get())) PyErr_Clear();
}

}  // namespace

GreenletThread* CurrentGreenletThread() {
  GreenletThread** place = Place();
  if (!*place) *place = Make();
  return *place;
}

int MainGreenlets() { return main_greenlets; }
void ForgetMainGreenlet() { main_greenlets--; }

void Doom(GreenletThread* thread, Greenlet* greenlet) {
  if (!thread->doomed && thread == of_main_thread) ScheduleEnd();
  Py_IncRef(AsObject(greenlet));
  greenlet->next_doomed = thread->doomed;
  thread->doomed = greenlet;
}

void EndDoomed(GreenletThread* thread) {
  if (!CanSuspend()) return;
  while (Greenlet* greenlet = thread->doomed) {
    thread->doomed = greenlet->next_doomed;
    greenlet->next_doomed = nullptr;
    PyRef kept(AsObject(greenlet));
    if (!greenlet->fiber || EndGreenlet(greenlet)) continue;
    return Doom(thread, greenlet);
  }
}

void EndGreenletsOfThread(Fiber* fiber) {
  GreenletThread* thread = fiber->greenlets;
  if (!thread) return;
  EndDoomed(thread);
  while (Fiber* active = NextOf(fiber)) {
    active->ended_with_thread = true;
    PyRef kept(NewReference(AsObject(active->greenlet)));
    EndGreenlet(AsGreenlet(kept.get()));
  }
  // One that catches GreenletExit stays where it is, for ever.
  for (Fiber* each = Fiber::Youngest(); each; each = each->older()) each->ForgetThread(fiber);
  fiber->greenlets = nullptr;
  thread->main->thread = nullptr;
  PyRef main(AsObject(thread->main));
  PyRef trace(thread->trace);
  while (Greenlet* greenlet = thread->doomed) {
    thread->doomed = greenlet->next_doomed;
    greenlet->next_doomed = nullptr;
    Py_DecRef(AsObject(greenlet));
  }
  PyMem_RawFree(thread);
}

}  // namespace blockon

// In place of PyThreadState_Clear where CPython's body of a thread ends.
extern "C" __attribute__((visibility("default"))) void blockon_clear_thread(PyThreadState* tstate) {
  blockon::Fiber* fiber = blockon::Fiber::Current();
  if (fiber && fiber->kind() == blockon::FiberKind::kThread) blockon::EndGreenletsOfThread(fiber);
  blockon::ClearThreadState(tstate);
}
