// The guest's view of its host: everything that it imports from the module "blockon".
//
// The first group is the engine (jspi/engine; any other engine that offers these calls can stand in for it),
// the second group is the patched glue of Pyodide, which alone can reach the glue's own state. None of
// these calls runs Python, except raise_js_error, which sets a Python exception, and foreign_call_by_javascript, which calls
// what it is told to.
#ifndef BLOCKON_JSPI_GUEST_ENGINE_API_H_
#define BLOCKON_JSPI_GUEST_ENGINE_API_H_

#include "ffi_types.h"
#include "jspi/engine/tls/tls_step.h"
#include "jspi/util/fiber_counts.h"
#include "jspi/util/limit_words.h"
#include "jspi/util/slice_words.h"
#include "python_api.h"

#define BLOCKON_IMPORT(name) __attribute__((import_module("blockon"), import_name(name)))

extern "C" {

// -1: not a native promise; else 0 pending, 1 fulfilled, 2 rejected.
BLOCKON_IMPORT("promise_state") int blockon_promise_state(JsVal value);
// The value of a fulfilled promise.
BLOCKON_IMPORT("promise_result") JsVal blockon_promise_result(JsVal promise);
// How many fibers of this interpreter may be live.
BLOCKON_IMPORT("fiber_limit") int blockon_fiber_limit();
// Where this interpreter counts its fibers, for as long as its memory lives.
BLOCKON_IMPORT("fiber_counts") void blockon_fiber_counts(const blockon::FiberCounts* counts);
// Has the slice clock look at the words (jspi/util/slice_clock.h) until nothing has run for a while.
BLOCKON_IMPORT("watch_slices") void blockon_watch_slices(blockon::SliceWords* words);
// Has the host's watchdog look at the words (jspi/util/thread_meter.h) from now on, if it has one.
BLOCKON_IMPORT("watch_limits") void blockon_watch_limits(blockon::LimitWords* words);
// The seed that switches threads at random; < 0 for none. 1 when tasks are pre-empted as well.
BLOCKON_IMPORT("switch_seed") int blockon_switch_seed();
BLOCKON_IMPORT("preempts_tasks") int blockon_preempts_tasks();
// 1 when the engine wants to be told of each transition of a fiber, by the other.
BLOCKON_IMPORT("traces_fibers") int blockon_traces_fibers();
BLOCKON_IMPORT("trace_transition") void blockon_trace_transition(int id, int from, int to, int allowed);
// Suspends the fiber until the promise settles or blockon_wake(id) is called; without a promise (null) until the latter.
// Only stack_switch.s calls it, as blockon_import_suspend.
// Lets what is due in other microtasks go first. Only stack_switch.s calls it, as blockon_import_pass.
// Ends the wait of a fiber that suspended: 0 when there is none to end.
BLOCKON_IMPORT("wake") int blockon_wake(int id);
// How many bytes of C stack V8's stack of this kind can follow: below that, CPython's recursion check fires first.
enum blockon_stack_kind : int { BLOCKON_MAIN_STACK = 0, BLOCKON_FIBER_STACK = 1 };
BLOCKON_IMPORT("stack_budget") uint32_t blockon_stack_budget(blockon_stack_kind kind);
// Gives the pages that lie wholly in this part of memory back to the system. They read as zeros then, or, where a host cannot do
// that, as they were.
BLOCKON_IMPORT("memory_release") void blockon_memory_release(uint32_t start, uint32_t size);
// TLS (jspi/engine/tls/tls_host.h). Calls of what is done rarely, by name: the size of the result, which tls_result hands out.
BLOCKON_IMPORT("tls_call") uint32_t blockon_tls_call(const void* arguments, uint32_t size);
BLOCKON_IMPORT("tls_result") void blockon_tls_result(void* result, uint32_t size);
// Takes a connection one step on. No call of these waits or runs Python.
BLOCKON_IMPORT("tls_step") void blockon_tls_step(blockon::TlsStep* step);
// 1 when the compatibility flag python_run_sync is on.
BLOCKON_IMPORT("can_suspend") int blockon_can_suspend();

// Sockets and name lookups (jspi/engine/sockets.h): those of this interpreter. Results below 0 are minus an errno.
BLOCKON_IMPORT("socket_connect") int blockon_socket_connect(int fd, const void* address, uint32_t size);
BLOCKON_IMPORT("socket_bind") int blockon_socket_bind(int fd, const void* address, uint32_t size);
BLOCKON_IMPORT("socket_receive") int blockon_socket_receive(int fd, void* data, uint32_t size, int flags);
BLOCKON_IMPORT("socket_send") int blockon_socket_send(int fd, const void* data, uint32_t size, int flags);
BLOCKON_IMPORT("socket_shutdown") int blockon_socket_shutdown(int fd, int how);
BLOCKON_IMPORT("socket_name") int blockon_socket_name(int fd, int of_peer, void* address, uint32_t* size);
// Gives the descriptor to Emscripten's sockets. A negative errno where there are none: it stays what it is.
BLOCKON_IMPORT("socket_become_websocket") int blockon_socket_become_websocket(int fd);
BLOCKON_IMPORT("socket_get_option")
int blockon_socket_get_option(int fd, int level, int name, void* value, uint32_t* size);
BLOCKON_IMPORT("socket_set_option")
int blockon_socket_set_option(int fd, int level, int name, const void* value, uint32_t size);
// Sets `revents` (struct pollfd) and returns how many are ready; blocks this thread for so long when none is.
BLOCKON_IMPORT("socket_poll") int blockon_socket_poll(void* polls, uint32_t count, int milliseconds);
// Has blockon_socket_ready(token) called once, from the host's event loop, when one of the events comes.
BLOCKON_IMPORT("socket_watch") int blockon_socket_watch(int fd, int events, uint32_t token);
BLOCKON_IMPORT("socket_unwatch") void blockon_socket_unwatch(uint32_t token);
// Why the last call was refused by the outbound policy: writes the text and returns its size.
BLOCKON_IMPORT("socket_refusal") int blockon_socket_refusal(char* text, uint32_t capacity);
// A number > 0, or an EAI_ one.
BLOCKON_IMPORT("lookup_start")
int blockon_lookup_start(const char* host, uint32_t host_size, const char* service, uint32_t service_size, int family,
                         int type, int protocol, int flags);
// The same for the name of an address, with flags of getnameinfo().
BLOCKON_IMPORT("lookup_start_name") int blockon_lookup_start_name(const void* address, uint32_t size, int flags);
// 1 when it is done; blocks this thread for so long, and has the token told later, if that is not 0.
BLOCKON_IMPORT("lookup_await") int blockon_lookup_await(int lookup, int milliseconds, uint32_t token);
// How many addresses there are, of which so many are written, or an EAI_ number.
BLOCKON_IMPORT("lookup_read") int blockon_lookup_read(int lookup, void* entries, uint32_t capacity);
BLOCKON_IMPORT("lookup_canonical_name") int blockon_lookup_canonical_name(int lookup, char* text, uint32_t capacity);
BLOCKON_IMPORT("lookup_service") int blockon_lookup_service(int lookup, char* text, uint32_t capacity);
BLOCKON_IMPORT("lookup_drop") void blockon_lookup_drop(int lookup);
// Two descriptors of sockets that are connected with one another.
BLOCKON_IMPORT("socket_new_pair") int blockon_socket_new_pair(int* pair);

// Sets the Python exception that stands for a JavaScript error, with its JavaScript frames.
BLOCKON_IMPORT("raise_js_error") void blockon_raise_js_error(JsVal error);
// 1 for V8's WebAssembly.SuspendError: a JavaScript frame stood between the fiber's entry and the suspension.
BLOCKON_IMPORT("is_suspend_error") int blockon_is_suspend_error(JsVal error);
// A promise that is fulfilled in the event loop's next turn.
BLOCKON_IMPORT("next_turn") JsVal blockon_next_turn();
// Has blockon_on_host_turn called in the event loop's next turn.
BLOCKON_IMPORT("ask_host_turn") void blockon_ask_host_turn();
// Has a turn (work.h) run on a fiber soon.
BLOCKON_IMPORT("schedule_turn") void blockon_schedule_turn();
// Has a thread (threads.h) begin soon: the work of that number.
BLOCKON_IMPORT("schedule_thread") void blockon_schedule_thread(int work);
// Has a greenlet (greenlet.h) begin in the next microtask: the work of that number.
BLOCKON_IMPORT("schedule_greenlet") void blockon_schedule_greenlet(int work);
// A call's arguments, null for other work. The asynchronous context that its work was asked for in is current from then on.
BLOCKON_IMPORT("work_args") JsVal blockon_work_args(int work);
// For work that cannot begin since a fiber runs. After a trap that is so for ever, and all calls are rejected already.
BLOCKON_IMPORT("work_lost") void blockon_work_lost();
BLOCKON_IMPORT("work_keyword_names") JsVal blockon_work_keyword_names(int work);
// Settles a call's promise by its result, or by the exception, whose reference it takes. Work that is due can be run at once: its
// number is returned, < 0 for none.
BLOCKON_IMPORT("work_done") int blockon_work_done(int work, JsVal result, PyObject* exception);
// Suspends a carrier (work.h) until there is work, whose number it returns; < 0: the carrier is to end.
// Only stack_switch.s calls it, as blockon_import_next_work.
// Has blockon_on_alarm called after so many milliseconds, instead of when it was to be called before; < 0 for never.
BLOCKON_IMPORT("set_alarm") void blockon_set_alarm(double milliseconds);
// Has blockon_trim called after so many milliseconds, unless it is to be called already. It keeps no process alive.
BLOCKON_IMPORT("schedule_trim") void blockon_schedule_trim(double milliseconds);
// Has blockon_attach_promises called when the JavaScript that runs now has come to its end.
BLOCKON_IMPORT("schedule_attach") void blockon_schedule_attach();

// The host's asynchronous context (jspi/engine/async_context.h), by number; 0 for none, and for where that is not known.
BLOCKON_IMPORT("context_keep") int blockon_context_keep();
// Makes it current, or lets go of it; the number is not valid any more.
BLOCKON_IMPORT("context_enter") void blockon_context_enter(int number);
BLOCKON_IMPORT("context_drop") void blockon_context_drop(int number);

// A number for a JavaScript object, the same as long as it lives.
BLOCKON_IMPORT("js_id") int blockon_js_id(JsVal object);
// promise.then(...), which ends in blockon_promise_settled(future, converter, ...); then calls `done` with the value.
// Takes the references to the two objects; blockon_promise_abandoned gets them when a promise is collected that never settled.
BLOCKON_IMPORT("attach_promise")
void blockon_attach_promise(JsVal promise, JsVal done, PyObject* future, PyObject* converter);
// For a promise that nobody waits for: its rejection is not one that nobody handled.
BLOCKON_IMPORT("ignore_rejection") void blockon_ignore_rejection(JsVal promise);
// Calls such a `done`, with undefined for null.
BLOCKON_IMPORT("call_done") void blockon_call_done(JsVal done, JsVal value);

// Code that is made at run time (foreign_modules.h). Each of these is 0 when V8 or the table has no room; the reason is then
// written to the console.
// The slot of the function "f" of an instance of the module in these bytes.
BLOCKON_IMPORT("foreign_caller") uint32_t blockon_foreign_caller(const void* module, uint32_t size);
// Has count_arguments call the function "f" of an instance of the module in these bytes, which takes up no slot.
BLOCKON_IMPORT("argument_counter") int blockon_argument_counter(const void* module, uint32_t size);
BLOCKON_IMPORT("count_arguments") int blockon_count_arguments(const void* slot);
// Compiles the module that the closures of one signature are instances of.
BLOCKON_IMPORT("closure_kind") int blockon_closure_kind(const void* module, uint32_t size);
// A slot of the table for a closure, which closure_set fills and closure_release gives back.
BLOCKON_IMPORT("closure_slot") uint32_t blockon_closure_slot(const void* closure);
BLOCKON_IMPORT("closure_set") int blockon_closure_set(uint32_t slot, int kind, void* closure);
BLOCKON_IMPORT("closure_release") void blockon_closure_release(uint32_t slot, const void* closure);

// The call as libffi's port makes it, in JavaScript, which converts or drops what does not fit the function's types. Nothing
// below can be suspended. 0 when a value cannot be converted.
BLOCKON_IMPORT("foreign_call_by_javascript")
int blockon_foreign_call_by_javascript(ffi_cif* cif, void* function, void* result, void** args);

}  // extern "C"

#endif  // BLOCKON_JSPI_GUEST_ENGINE_API_H_
