// What a call of Python 3.13 takes along when it waits (call_state.cc, which has the picture).
//
// Called on: a stack that has a Python thread state attached.
#ifndef BLOCKON_JSPI_GUEST_OLDER_CALL_STATE_H_
#define BLOCKON_JSPI_GUEST_OLDER_CALL_STATE_H_

#include "jspi/guest/python_api.h"

namespace blockon {

// The Python function set_asyncio of the module _blockon: a tuple of _asyncio's _get_running_loop, _set_running_loop and _swap_current_task, and the loop that
// runs for all. Before that is told a call takes its thread state along and nothing else.
PyObject* SetAsyncio(PyObject* module, PyObject* functions);

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_OLDER_CALL_STATE_H_
