// The import lock, in place of that of _imp: importlib holds it while it asks the finders, which may block.
//
// CPython's cannot fail. This one raises where waiting is impossible, when the task is cancelled, and in a deadlock.
//
// Owner: the module _blockon; shims/blockon/_blocking.py puts the functions into _imp.
#ifndef BLOCKON_JSPI_GUEST_IMPORT_LOCK_H_
#define BLOCKON_JSPI_GUEST_IMPORT_LOCK_H_

#include "python_api.h"

namespace blockon {

// Whether the current fiber has the import lock, or that of a module which it imports.
bool HoldsImportLock();

extern PyMethodDef import_lock_methods[];

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_IMPORT_LOCK_H_
