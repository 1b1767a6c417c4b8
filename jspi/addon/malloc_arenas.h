// The heaps of malloc, of which the C library would make one for each thread, up to eight for each processor. What threads give back stays in
// theirs: with one for each Worker, that is half a megabyte and more of a Worker's for nothing.
#ifndef BLOCKON_JSPI_ADDON_MALLOC_ARENAS_H_
#define BLOCKON_JSPI_ADDON_MALLOC_ARENAS_H_

#include <v8.h>

namespace blockon {

// limitArenas(most): no more than that many are made, those that there are included. For a process that is the runtime's alone, before it has
// many threads. Without effect where the C library is not glibc.
void LimitArenas(const v8::FunctionCallbackInfo<v8::Value>& info);

}  // namespace blockon

#endif  // BLOCKON_JSPI_ADDON_MALLOC_ARENAS_H_
