#include "socket_watch.h"

#include "engine_api.h"
#include "event_loop.h"
#include "fiber.h"
#include "handle.h"
#include "socket_files.h"

namespace blockon {
namespace {

// One of the event loop's: by number, which is half of its token. Number 0 is none.
struct HandleWatch {
  PyObject* handle;  // null: free
  int fd;
  int events;
};
HandleWatch* watches = nullptr;
int watch_count = 0;

// The number of a free one; 0 when there is no memory.
int NewWatch() {
  for (int i = 1; i < watch_count; i++) {
    if (!watches[i].handle) return i;
  }
  const int larger = watch_count ? 2 * watch_count : 16;
  auto* grown = static_cast<HandleWatch*>(PyMem_RawRealloc(watches, larger * sizeof(HandleWatch)));
  if (!grown) return 0;
  for (int i = watch_count; i < larger; i++) grown[i] = {};
  const int first = watch_count ? watch_count : 1;
  watches = grown;
  watch_count = larger;
  return first;
}

HandleWatch* FindWatch(int number) {
  return number > 0 && number < watch_count && watches[number].handle ? &watches[number] : nullptr;
}

bool Arm(int number) {
  const HandleWatch& watch = watches[number];
  const int error = blockon_socket_watch(watch.fd, watch.events, static_cast<uint32_t>(number) * 2);
  if (error == 0) return true;
  PyErr_Format(PyExc_OSError, "file descriptor %d cannot be watched (error %d)", watch.fd, -error);
  return false;
}

PyObject* WatchSocket(PyObject*, PyObject* arguments) {
  int fd = 0;
  int events = 0;
  PyObject* handle = nullptr;
  if (!PyArg_ParseTuple(arguments, "iiO", &fd, &events, &handle)) return nullptr;
  if (!IsHandle(handle)) {
    PyErr_SetString(PyExc_TypeError, "watch_socket() needs a handle of asyncio's");
    return nullptr;
  }
  if (!IsSocketFile(fd)) {
    PyErr_Format(PyExc_ValueError, "file descriptor %d is not a socket", fd);
    return nullptr;
  }
  const int number = NewWatch();
  if (number == 0) return PyErr_NoMemory();
  watches[number] = {.handle = NewReference(handle), .fd = fd, .events = events};
  if (Arm(number)) return PyLong_FromLong(number);
  SetReference(&watches[number].handle, nullptr);
  return nullptr;
}

PyObject* UnwatchSocket(PyObject*, PyObject* argument) {
  const int number = static_cast<int>(PyLong_AsLong(argument));
  if (number == -1 && PyErr_Occurred()) return nullptr;
  HandleWatch* watch = FindWatch(number);
  if (!watch) return NewBool(false);
  blockon_socket_unwatch(static_cast<uint32_t>(number) * 2);
  SetReference(&watch->handle, nullptr);
  return NewBool(true);
}

PyObject* RewatchSocket(PyObject*, PyObject* argument) {
  const int number = static_cast<int>(PyLong_AsLong(argument));
  if (number == -1 && PyErr_Occurred()) return nullptr;
  HandleWatch* watch = FindWatch(number);
  // A descriptor that was closed meanwhile is not watched, as a selector does not.
  if (watch && IsSocketFile(watch->fd) && !Arm(number)) return nullptr;
  return NewNone();
}

}  // namespace

PyMethodDef socket_watch_methods[] = {
    {"watch_socket", WatchSocket, METH_VARARGS,
     "watch_socket(fd, events, handle, /)\n--\n\nHave a handle of asyncio's run when the socket is ready (1 to read, 4 to "
     "write), once. Return a number."},
    {"rewatch_socket", RewatchSocket, METH_O,
     "rewatch_socket(number, /)\n--\n\nHave the same handle run once more when the same socket is ready."},
    {"unwatch_socket", UnwatchSocket, METH_O,
     "unwatch_socket(number, /)\n--\n\nEnd it; False when it has ended already."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace blockon

using namespace blockon;

// From the host's event loop: what the token watches is ready.
extern "C" __attribute__((visibility("default"))) void blockon_socket_ready(uint32_t token) {
  if (token & 1) {
    if (Fiber* fiber = Fiber::Find(static_cast<int>(token / 2))) fiber->WakeUp(Wake::kNotified);
    return;
  }
  const HandleWatch* watch = FindWatch(static_cast<int>(token / 2));
  if (watch && !MakeHandleReady(watch->handle)) PyErr_Clear();
}
