// Where CPython 3.14 keeps in a thread state (struct _ts of Include/cpython/pystate.h, and what follows it in
// Include/internal/pycore_tstate.h) what a task inherits. wasm32, with the GIL.
//
// ThreadStateIsAsExpected() compares it with the running interpreter.
#ifndef BLOCKON_JSPI_GUEST_THREAD_STATE_LAYOUT_H_
#define BLOCKON_JSPI_GUEST_THREAD_STATE_LAYOUT_H_

#include <stddef.h>
#include <stdint.h>

#include "python_api.h"

namespace blockon {

// A piece of the stack of Python frames.
struct DataStackChunk {
  DataStackChunk* previous;
  uint32_t size;  // with this head
  uint32_t top;
  PyObject* data[1];
};

struct ThreadStateLayout {
  void* list_and_interpreter[3];
  uint32_t eval_breaker;
  int skipped_numbers[7];
  int tracing;  // how many callbacks of tracing, profiling or monitoring run
  void* skipped1[2];
  void* profile_and_trace[4];  // functions and their objects
  PyObject* current_exception;
  void* exc_info;
  PyObject* dict;
  int gilstate_counter;
  PyObject* async_exc;
  unsigned long thread_id;
  void* skipped2[3];
  int coroutine_origin_tracking_depth;
  PyObject* async_gen_firstiter;
  PyObject* async_gen_finalizer;
  PyObject* context;
  uint64_t context_version;
  uint64_t id;
  DataStackChunk* datastack_chunk;
  PyObject** datastack_top;
  PyObject** datastack_limit;
  void* exc_state[2];
  void* current_executor;
  uint64_t dict_global_version;
  PyObject* threading_local_key;
  PyObject* threading_local_sentinel;
  void* skipped3[134];
  PyObject* asyncio_running_loop;
  PyObject* asyncio_running_task;  // borrowed
  // The tasks of asyncio's that were made with it, in a ring.
  struct TaskLink {
    TaskLink* next;
    TaskLink* previous;
  } asyncio_tasks;
};

static_assert(offsetof(ThreadStateLayout, tracing) == 44);
static_assert(offsetof(ThreadStateLayout, profile_and_trace) == 56);
static_assert(offsetof(ThreadStateLayout, exc_info) == 76);
static_assert(offsetof(ThreadStateLayout, coroutine_origin_tracking_depth) == 108);
static_assert(offsetof(ThreadStateLayout, async_gen_firstiter) == 112);
static_assert(offsetof(ThreadStateLayout, id) == 136);
static_assert(offsetof(ThreadStateLayout, exc_state) == 156);
static_assert(offsetof(ThreadStateLayout, threading_local_key) == 176);
static_assert(offsetof(ThreadStateLayout, asyncio_running_loop) == 720);

inline ThreadStateLayout* LayoutOf(PyThreadState* tstate) { return reinterpret_cast<ThreadStateLayout*>(tstate); }

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_THREAD_STATE_LAYOUT_H_
