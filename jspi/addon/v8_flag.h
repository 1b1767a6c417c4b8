// V8's flags of the process.
#ifndef BLOCKON_JSPI_ADDON_V8_FLAG_H_
#define BLOCKON_JSPI_ADDON_V8_FLAG_H_

#include <v8.h>

namespace blockon {

// setV8Flag(flag): as Node's setFlagsFromString() of node:v8, which takes a millisecond to load.
void SetV8Flag(const v8::FunctionCallbackInfo<v8::Value>& info);

}  // namespace blockon

#endif  // BLOCKON_JSPI_ADDON_V8_FLAG_H_
