// Cancelling an asyncio task that blocks: Task.cancel() knows of tasks that await, not of one whose step waits in run_sync.
//
// asyncio then leaves a note for the task's next await (_must_cancel). Here the exception is raised at once where the fiber
// waits, and the note is taken back, so that a task that catches it is not cancelled twice.
#ifndef BLOCKON_JSPI_GUEST_TASK_CANCEL_H_
#define BLOCKON_JSPI_GUEST_TASK_CANCEL_H_

#include "python_api.h"

namespace blockon {

extern PyMethodDef task_cancel_methods[];

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_TASK_CANCEL_H_
