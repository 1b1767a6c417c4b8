#include "greenlet_trace.h"

#include "greenlet_thread.h"

namespace blockon {

bool TraceSwitch(Greenlet* origin, const OwnedParcel* parcel) {
  GreenletThread* const thread = CurrentGreenletThread();
  if (!thread || !thread->trace) return thread != nullptr;
  PyRef function(NewReference(thread->trace));
  PyRef event(PyUnicode_InternFromString(parcel->get().exception ? "throw" : "switch"));
  PyRef pair(PyTuple_Pack(2, origin ? origin : thread->main, CurrentGreenlet()));
  PyRef result;
  if (event && pair) {
    PyThreadState* const tstate = PyThreadState_Get();
    PyThreadState_EnterTracing(tstate);
    PyObject* const arguments[] = {event.get(), pair.get()};
    result.Reset(PyObject_Vectorcall(function.get(), arguments, 2, nullptr));
    PyThreadState_LeaveTracing(tstate);
  }
  if (result) return true;
  const KeptException kept;
  SetReference(&thread->trace, nullptr);
  return false;
}

}  // namespace blockon
