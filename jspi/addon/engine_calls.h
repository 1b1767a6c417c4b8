// The part of the addon's API that makes engines, and what an engine is to JavaScript:
//
//   createEngine(realmGlobal, {runSync, switchSeed, mainStackBudget, fiberStackBudget, heapMib, outbound: {allow, deny},
//                              authorities, snapshot: {file, key}, saveSnapshot: {file, key}, wasm: file,
//                              images: [{file, key}], libraries: [name, file, ...]})
//                                     -> {newImports(maxFibers = 20000, preemptTasks = false),
//                                         install(name, maxFibers = 20000, preemptTasks = false), stats(), fibers(), underWay(),
//                                         lookUp(host, family, flags, callback), connectRefusal(address, port),
//                                         restrict({allow, deny}), addImages([{file, key}]),
//                                         addLibraries([name, file, ...]), useSnapshot({file, key, base}), meter(), trim(), enter(),
//                                         dispose()}
#ifndef BLOCKON_JSPI_ADDON_ENGINE_CALLS_H_
#define BLOCKON_JSPI_ADDON_ENGINE_CALLS_H_

#include <v8.h>

namespace blockon {

void CreateEngine(const v8::FunctionCallbackInfo<v8::Value>& info);

// ({allow, deny}): throws a TypeError that says which rule is wrong, as CreateEngine() does.
void CheckOutboundRules(const v8::FunctionCallbackInfo<v8::Value>& info);

}  // namespace blockon

#endif  // BLOCKON_JSPI_ADDON_ENGINE_CALLS_H_
