#include "socket_address.h"

#include "name_lookup.h"

extern "C" {
const char* inet_ntop(int family, const void* address, char* text, uint32_t size);
}

namespace blockon {
namespace {

constexpr unsigned kMostFlow = 0xfffff;

uint32_t ToNetwork(uint32_t value) { return __builtin_bswap32(value); }
uint16_t ToNetwork(uint16_t value) { return __builtin_bswap16(value); }

bool IsAscii(PyObject* text, int32_t utf8_size) { return PyUnicode_GetLength(text) == utf8_size; }

}  // namespace

bool HostName::Read(PyObject* host, bool encodes_ascii) {
  int32_t size = 0;
  if (host->ob_type == &PyByteArray_Type) {
    text_ = PyByteArray_AsString(host);
    size = PyByteArray_Size(host);
    owner_.Reset(PyBytes_FromStringAndSize(text_, size));
  } else if (PyObject_IsInstance(host, reinterpret_cast<PyObject*>(&PyUnicode_Type)) == 1) {
    const char* utf8 = PyUnicode_AsUTF8AndSize(host, &size);
    if (!utf8) return false;
    const bool as_it_is = !encodes_ascii && IsAscii(host, size);
    owner_.Reset(as_it_is ? PyBytes_FromStringAndSize(utf8, size) : PyUnicode_AsEncodedString(host, "idna", nullptr));
  } else {
    owner_.Reset(NewReference(host));
  }
  char* text = nullptr;
  if (!owner_ || PyBytes_AsStringAndSize(owner_.get(), &text, &size) != 0) return false;
  text_ = text;
  if (strlen(text) == static_cast<size_t>(size)) return true;
  PyErr_SetString(PyExc_TypeError, "host name must not contain null character");
  return false;
}

bool ToAddress6(PyObject* tuple, const char* method, SocketAddress6* address, bool numeric) {
  if (PyObject_IsInstance(tuple, reinterpret_cast<PyObject*>(&PyTuple_Type)) != 1) {
    PyErr_Format(PyExc_TypeError, "%s(): AF_INET6 address must be tuple, not %.500s", method, tuple->ob_type->tp_name);
    return false;
  }
  PyObject* host = nullptr;
  int port = 0;
  unsigned flow = 0;
  unsigned scope = 0;
  if (!PyArg_ParseTuple(tuple, "Oi|II;AF_INET6 address must be a tuple (host, port[, flowinfo[, scopeid]])", &host,
                        &port, &flow, &scope)) {
    if (PyErr_ExceptionMatches(PyExc_OverflowError)) {
      PyErr_Format(PyExc_OverflowError, "%s(): port must be 0-65535.", method);
    }
    return false;
  }
  HostName name;
  if (!name.Read(host, false)) return false;
  if (port < 0 || port > 0xffff) {
    PyErr_Format(PyExc_OverflowError, "%s(): port must be 0-65535.", method);
    return false;
  }
  if (flow > kMostFlow) {
    PyErr_Format(PyExc_OverflowError, "%s(): flowinfo must be 0-1048575.", method);
    return false;
  }
  const bool any = name.text()[0] == '\0';
  AddrInfo hints{};
  hints.family = kAfInet6;
  hints.type = kStream;
  hints.flags = (any ? kPassive : 0) | (numeric ? kNumericHost : 0);
  Addresses found;
  if (!found.LookUp(any ? nullptr : name.text(), any ? "0" : nullptr, hints)) return false;
  memcpy(address, found.first()->address, sizeof(*address));
  address->port = ToNetwork(static_cast<uint16_t>(port));
  address->flow = ToNetwork(flow);
  if (scope != 0) address->scope = scope;
  return true;
}

PyObject* FromAddress(const void* address, uint32_t size) {
  const uint16_t family = size >= sizeof(uint16_t) ? *static_cast<const uint16_t*>(address) : 0;
  char text[kMostAddressText];
  if (family == kAfInet && size >= sizeof(SocketAddress4)) {
    const auto& four = *static_cast<const SocketAddress4*>(address);
    inet_ntop(kAfInet, four.address, text, sizeof(text));
    return Py_BuildValue("si", text, ToNetwork(four.port));
  }
  if (family == kAfInet6 && size >= sizeof(SocketAddress6)) {
    const auto& six = *static_cast<const SocketAddress6*>(address);
    inet_ntop(kAfInet6, six.address, text, sizeof(text));
    return Py_BuildValue("siII", text, ToNetwork(six.port), ToNetwork(six.flow), six.scope);
  }
  return family == kAfUnix ? PyUnicode_FromString("") : NewNone();
}

}  // namespace blockon
