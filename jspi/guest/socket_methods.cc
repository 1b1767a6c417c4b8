#include "socket_methods.h"

#include "builtin_method.h"
#include "engine_api.h"
#include "name_lookup.h"
#include "socket_address.h"
#include "socket_files.h"
#include "socket_wait.h"
#include "syscall_error.h"

extern "C" {
int blockon_connect(int fd, const void* address, uint32_t size);
int blockon_bind(int fd, const void* address, uint32_t size);
int blockon_getpeername(int fd, void* address, uint32_t* size);
int blockon_getsockname(int fd, void* address, uint32_t* size);
int inet_pton(int family, const char* text, void* address);
const char* inet_ntop(int family, const void* address, char* text, uint32_t size);
}

namespace blockon {
namespace {

// The head of what CPython's Modules/socketmodule.h declares, which FindType() compares with what the type says of itself.
struct Socket {
  PyObject ob_base;
  int fd;
  int family;
  int type;
  int protocol;
  void* error_handler;
  Nanoseconds timeout;  // < 0: blocks; 0: does not
};

enum Method {
  kBind,
  kConnect,
  kConnectEx,
  kGetPeerName,
  kGetSockName,
  kRecvFrom,
  kRecvFromInto,
  kRecvMsg,
  kRecvMsgInto,
  kSendTo,
  kSendMsg,
  kRecv,
  kRecvInto,
  kSend,
  kMethodCount
};
extern BuiltinMethod methods[kMethodCount];

PyObject* CallOriginal(Method method, PyObject* self, PyObject* arguments) {
  return methods[method].original(self, arguments);
}
PyObject* CallOriginal(Method method, PyObject* self, PyObject* arguments, PyObject* keywords) {
  return WithKeywords(methods[method].original)(self, arguments, keywords);
}

Socket* AsSocket(PyObject* self) { return reinterpret_cast<Socket*>(self); }
bool IsOfIPv6(PyObject* self) { return AsSocket(self)->family == kAfInet6; }

PyObject* RaiseErrno(int number) {
  FailWith(number);
  return PyErr_SetFromErrno(PyExc_OSError);
}

// (data, where it came from), which a stream does not tell.
PyObject* WithoutSender(PyObject* result) { return result ? Py_BuildValue("NO", result, Py_None) : nullptr; }

// Waits for what connect() has begun. 0, an errno, or < 0 with an exception set.
int FinishConnecting(const Socket* socket) {
  const Nanoseconds deadline = socket->timeout < 0 ? kNever : DeadlineAfter(socket->timeout);
  const int fd = socket->fd;
  if (fd < 0) return kEBADF;  // a signal's handler has closed it
  while (true) {
    PollFd one{.fd = fd, .events = kPollOut, .revents = 0};
    const int ready = PollSockets(&one, 1, deadline);
    if (ready == 0) return kEAGAIN;
    if (ready > 0) break;
    const int error = *__errno_location();
    if (error != kEINTR) return error;
    if (blockon_check_signals() != 0) return -1;
    if (socket->fd != fd) return kEBADF;
  }
  return TakeSocketError(fd);
}

// The same, and EAGAIN for an end of time that comes first.
int ConnectTo(PyObject* self, PyObject* tuple, const char* method) {
  const Socket* socket = AsSocket(self);
  SocketAddress6 address;
  if (!ToAddress6(tuple, method, &address) || PySys_Audit("socket.connect", "OO", self, tuple) != 0) return -1;
  if (blockon_connect(socket->fd, &address, sizeof(address)) == 0) return 0;
  const int error = *__errno_location();
  if (error == kEINTR) {
    if (blockon_check_signals() != 0) return -1;
    return socket->timeout == 0 ? kEINTR : FinishConnecting(socket);
  }
  return error == kEINPROGRESS && socket->timeout > 0 ? FinishConnecting(socket) : error;
}

PyObject* Connect(PyObject* self, PyObject* tuple) {
  if (!IsOfIPv6(self)) return CallOriginal(kConnect, self, tuple);
  const int error = ConnectTo(self, tuple, "connect");
  if (error < 0) return nullptr;
  if (error == 0) return NewNone();
  if (error != kEAGAIN) return RaiseErrno(error);
  PyErr_SetString(PyExc_TimeoutError, "timed out");
  return nullptr;
}

PyObject* ConnectEx(PyObject* self, PyObject* tuple) {
  if (!IsOfIPv6(self)) return CallOriginal(kConnectEx, self, tuple);
  const int error = ConnectTo(self, tuple, "connect_ex");
  return error < 0 ? nullptr : PyLong_FromLong(error);
}

PyObject* Bind(PyObject* self, PyObject* tuple) {
  if (!IsOfIPv6(self)) return CallOriginal(kBind, self, tuple);
  SocketAddress6 address;
  if (!ToAddress6(tuple, "bind", &address) || PySys_Audit("socket.bind", "OO", self, tuple) != 0) return nullptr;
  const bool bound = blockon_bind(AsSocket(self)->fd, &address, sizeof(address)) == 0;
  return bound ? NewNone() : PyErr_SetFromErrno(PyExc_OSError);
}

using NameOf = int (*)(int fd, void* address, uint32_t* size);

PyObject* Name(PyObject* self, NameOf name_of) {
  alignas(SocketAddress6) char address[kMostAddress] = {};
  uint32_t size = sizeof(address);
  if (name_of(AsSocket(self)->fd, address, &size) != 0) return PyErr_SetFromErrno(PyExc_OSError);
  return FromAddress(address, size);
}

PyObject* GetPeerName(PyObject* self, PyObject* none) {
  return IsOfIPv6(self) ? Name(self, blockon_getpeername) : CallOriginal(kGetPeerName, self, none);
}

PyObject* GetSockName(PyObject* self, PyObject* none) {
  return IsOfIPv6(self) ? Name(self, blockon_getsockname) : CallOriginal(kGetSockName, self, none);
}

PyObject* RecvFrom(PyObject* self, PyObject* arguments) {
  if (!IsOfIPv6(self)) return CallOriginal(kRecvFrom, self, arguments);
  return WithoutSender(CallOriginal(kRecv, self, arguments));
}

PyObject* RecvFromInto(PyObject* self, PyObject* arguments, PyObject* keywords) {
  if (!IsOfIPv6(self)) return CallOriginal(kRecvFromInto, self, arguments, keywords);
  return WithoutSender(CallOriginal(kRecvInto, self, arguments, keywords));
}

// (data, ancillary data, flags, sender), of which a stream has the first.
PyObject* MessageOf(PyObject* data) { return data ? Py_BuildValue("N[]iO", data, 0, Py_None) : nullptr; }

PyObject* RecvMsg(PyObject* self, PyObject* arguments) {
  if (!IsOfIPv6(self)) return CallOriginal(kRecvMsg, self, arguments);
  int32_t size = 0;
  int32_t ancillary_size = 0;
  int flags = 0;
  if (!PyArg_ParseTuple(arguments, "n|ni:recvmsg", &size, &ancillary_size, &flags)) return nullptr;
  PyRef plain(Py_BuildValue("ni", size, flags));
  return plain ? MessageOf(CallOriginal(kRecv, self, plain.get())) : nullptr;
}

PyObject* RecvMsgInto(PyObject* self, PyObject* arguments) {
  if (!IsOfIPv6(self)) return CallOriginal(kRecvMsgInto, self, arguments);
  PyObject* buffers = nullptr;
  int32_t ancillary_size = 0;
  int flags = 0;
  if (!PyArg_ParseTuple(arguments, "O|ni:recvmsg_into", &buffers, &ancillary_size, &flags)) return nullptr;
  PyRef all(PySequence_Tuple(buffers));
  if (!all) return nullptr;
  long total = 0;
  for (int32_t i = 0; i < PyTuple_Size(all.get()); i++) {
    PyObject* buffer = PyTuple_GetItem(all.get(), i);
    PyRef view(PyMemoryView_FromObject(buffer));
    PyRef bytes(view ? PyObject_GetAttrString(view.get(), "nbytes") : nullptr);
    if (!bytes) return nullptr;
    const long room = PyLong_AsLong(bytes.get());
    if (room == 0) continue;
    PyRef plain(Py_BuildValue("Oii", buffer, 0, total > 0 ? flags | kMsgDontWait : flags));
    PyRef received(plain ? CallOriginal(kRecvInto, self, plain.get(), nullptr) : nullptr);
    if (!received) {
      if (total == 0 || !PyErr_ExceptionMatches(PyExc_OSError)) return nullptr;
      PyErr_Clear();  // it is found again by who reads on
      break;
    }
    const long count = PyLong_AsLong(received.get());
    total += count;
    // With a time limit CPython waits for more before it looks.
    if (count < room || AsSocket(self)->timeout > 0) break;
  }
  return MessageOf(PyLong_FromLong(total));
}

// The address that a call ends with is looked at, and else of no meaning for a stream.
bool CheckAddress(PyObject* self, PyObject* tuple, const char* method, const char* event) {
  SocketAddress6 address;
  return ToAddress6(tuple, method, &address) && PySys_Audit(event, "OO", self, tuple) == 0;
}

PyObject* SendTo(PyObject* self, PyObject* arguments) {
  const int32_t count = PyTuple_Size(arguments);
  if (!IsOfIPv6(self) || count < 2 || count > 3) return CallOriginal(kSendTo, self, arguments);
  if (!CheckAddress(self, PyTuple_GetItem(arguments, count - 1), "sendto", "socket.sendto")) return nullptr;
  PyRef plain(PyTuple_GetSlice(arguments, 0, count - 1));
  return plain ? CallOriginal(kSend, self, plain.get()) : nullptr;
}

PyObject* SendMsg(PyObject* self, PyObject* arguments) {
  constexpr int32_t kWithAddress = 4;
  const bool has_address = PyTuple_Size(arguments) == kWithAddress && PyTuple_GetItem(arguments, 3) != Py_None;
  if (!IsOfIPv6(self) || !has_address) return CallOriginal(kSendMsg, self, arguments);
  if (!CheckAddress(self, PyTuple_GetItem(arguments, 3), "sendmsg", "socket.sendmsg")) return nullptr;
  PyRef plain(PyTuple_GetSlice(arguments, 0, kWithAddress - 1));
  return plain ? CallOriginal(kSendMsg, self, plain.get()) : nullptr;
}

// The last three are called, and stay CPython's.
BuiltinMethod methods[kMethodCount] = {
    {"bind", METH_O, Bind},
    {"connect", METH_O, Connect},
    {"connect_ex", METH_O, ConnectEx},
    {"getpeername", METH_NOARGS, GetPeerName},
    {"getsockname", METH_NOARGS, GetSockName},
    {"recvfrom", METH_VARARGS, RecvFrom},
    {"recvfrom_into", METH_VARARGS | METH_KEYWORDS, AsMethod(RecvFromInto)},
    {"recvmsg", METH_VARARGS, RecvMsg},
    {"recvmsg_into", METH_VARARGS, RecvMsgInto},
    {"sendto", METH_VARARGS, SendTo},
    {"sendmsg", METH_VARARGS, SendMsg},
    {"recv", METH_VARARGS, nullptr},
    {"recv_into", METH_VARARGS | METH_KEYWORDS, nullptr},
    {"send", METH_VARARGS, nullptr},
};

enum Function { kPton, kNtop, kFunctionCount };
extern BuiltinMethod functions[kFunctionCount];

PyObject* Pton(PyObject* module, PyObject* arguments) {
  int family = 0;
  const char* text = nullptr;
  if (!PyArg_ParseTuple(arguments, "is:inet_pton", &family, &text)) return nullptr;
  if (family != kAfInet6) return functions[kPton].original(module, arguments);
  SocketAddress6 address;
  if (inet_pton(kAfInet6, text, address.address) == 1) {
    return PyBytes_FromStringAndSize(reinterpret_cast<const char*>(address.address), sizeof(address.address));
  }
  PyErr_SetString(PyExc_OSError, "illegal IP address string passed to inet_pton");
  return nullptr;
}

PyObject* Ntop(PyObject* module, PyObject* arguments) {
  int family = 0;
  PyBuffer packed;
  if (!PyArg_ParseTuple(arguments, "iy*:inet_ntop", &family, &packed)) return nullptr;
  PyObject* result = nullptr;
  if (family != kAfInet6) {
    result = functions[kNtop].original(module, arguments);
  } else if (packed.len != static_cast<int32_t>(sizeof(SocketAddress6::address))) {
    PyErr_SetString(PyExc_ValueError, "invalid length of packed IP address string");
  } else {
    char text[kMostAddressText];
    inet_ntop(kAfInet6, packed.buf, text, sizeof(text));
    result = PyUnicode_FromString(text);
  }
  PyBuffer_Release(&packed);
  return result;
}

BuiltinMethod functions[kFunctionCount] = {
    {"inet_pton", METH_VARARGS, Pton},
    {"inet_ntop", METH_VARARGS, Ntop},
};

// Null with an exception set.
PyObject* FindType(PyObject* module) {
  PyRef type(PyObject_GetAttrString(module, "socket"));
  PyRef member(type ? PyObject_GetAttrString(type.get(), "proto") : nullptr);
  if (!member) return nullptr;
  if (OffsetOfMember(member.get()) == offsetof(Socket, protocol)) return type.Release();
  PyErr_SetString(PyExc_SystemError, "this build of CPython lays out its sockets otherwise than 3.14");
  return nullptr;
}

PyObject* CompleteSocket(PyObject*, PyObject* module) {
  PyRef type(FindType(module));
  if (!type) return nullptr;
  for (BuiltinMethod& method : methods) {
    if (!ReplaceBuiltin(type.get(), &method)) return nullptr;
  }
  for (BuiltinMethod& function : functions) {
    if (!ReplaceBuiltin(module, &function)) return nullptr;
  }
  return ReplaceLookups(module) ? NewNone() : nullptr;
}

PyObject* SetUseIPv6(PyObject*, PyObject* use) {
  const int is_used = PyObject_IsTrue(use);
  if (is_used < 0) return nullptr;
  UseIPv6(is_used != 0);
  return NewNone();
}

PyObject* LeaveSockets(PyObject*, PyObject*) {
  leaves_sockets = true;
  return NewNone();
}

PyObject* SocketPair(PyObject*, PyObject*) {
  int pair[2];
  const int error = blockon_socket_new_pair(pair);
  return error == 0 ? Py_BuildValue("ii", pair[0], pair[1]) : RaiseErrno(-error);
}

}  // namespace

PyMethodDef socket_methods[] = {
    {"socket_pair", SocketPair, METH_NOARGS,
     "socket_pair()\n--\n\nReturn the descriptors of two sockets that are connected with one another."},
    {"complete_socket", CompleteSocket, METH_O,
     "complete_socket(module, /)\n--\n\nGive the module _socket what it was built without: IPv6. Once."},
    {"use_ipv6", SetUseIPv6, METH_O,
     "use_ipv6(use, /)\n--\n\nSay whether lookups are to find addresses of IPv6 beside others."},
    {"leave_sockets", LeaveSockets, METH_NOARGS,
     "leave_sockets()\n--\n\nLeave lookups of names and pairs of sockets to Pyodide, whose sockets all are."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace blockon
