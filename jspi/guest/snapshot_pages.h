// Leaves a memory that a snapshot is taken of so that whoever begins with it writes to few of its pages: each is copied then.
//
//   references   counts of objects that are in the snapshot change all the time. An immortal object has none, and the collector neither visits
//                nor moves it. It is never freed: what all Workers share, none could give back anyway.
//   bytecode     CPython counts in it where an instruction cannot be specialized, and notes which way a branch went. Code that does, found by
//                running it, is copied so that it lies side by side.
//   holes        new objects go where old ones were freed, one here and one there. Each hole is taken and never used, so that new ones
//                lie side by side behind all others.
//
// Called on: any stack that has a thread state attached, before a snapshot is taken and never else. Nothing here waits.
#ifndef BLOCKON_JSPI_GUEST_SNAPSHOT_PAGES_H_
#define BLOCKON_JSPI_GUEST_SNAPSHOT_PAGES_H_

#include "python_api.h"

namespace blockon {

extern PyMethodDef snapshot_pages_methods[];

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_SNAPSHOT_PAGES_H_
