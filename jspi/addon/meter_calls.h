// The parts of the addon's API that tell what another thread uses, by the id of its meter (jspi/util/thread_meter.h).
#ifndef BLOCKON_JSPI_ADDON_METER_CALLS_H_
#define BLOCKON_JSPI_ADDON_METER_CALLS_H_

#include <v8.h>

namespace blockon {

// readMeter(id), measureMeter(id), takeFull(id), lookAtBuffers(id, heap, files), askMeter(id, over), interruptMeter(id). They may be called
// in any thread.
void AddMeterCalls(v8::Local<v8::Context> context, v8::Local<v8::Object> exports);

}  // namespace blockon

#endif  // BLOCKON_JSPI_ADDON_METER_CALLS_H_
