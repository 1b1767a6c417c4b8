// Lookups of the module _socket, in place of CPython's, which know no addresses of IPv6, or ask Emscripten.
#include "builtin_method.h"
#include "name_lookup.h"
#include "socket_address.h"
#include "socket_methods.h"

extern "C" const char* hstrerror(int error);

namespace blockon {
namespace {

constexpr uint32_t kMostHostName = 1025;   // NI_MAXHOST
constexpr uint32_t kMostServiceName = 32;  // NI_MAXSERV

// A host or None. False with an exception set.
bool ReadHost(PyObject* host, HostName* name, const char** text) {
  *text = nullptr;
  if (host == Py_None) return true;
  const auto is = [host](PyTypeObject* type) {
    return PyObject_IsInstance(host, reinterpret_cast<PyObject*>(type)) == 1;
  };
  if (!is(&PyUnicode_Type) && !is(&PyBytes_Type)) {
    PyErr_SetString(PyExc_TypeError, "getaddrinfo() argument 1 must be string or None");
    return false;
  }
  if (!name->Read(host, true)) return false;
  *text = name->text();
  return true;
}

// A number, a name or None; `owner` has the text.
bool ReadService(PyObject* service, PyRef* owner, const char** text) {
  *text = nullptr;
  if (service == Py_None) return true;
  owner->Reset(service->ob_type == &PyLong_Type ? PyObject_Str(service) : NewReference(service));
  if (!*owner) return false;
  const auto is = [&](PyTypeObject* type) {
    return PyObject_IsInstance(owner->get(), reinterpret_cast<PyObject*>(type)) == 1;
  };
  if (is(&PyUnicode_Type)) {
    *text = PyUnicode_AsUTF8AndSize(owner->get(), nullptr);
    return *text != nullptr;
  }
  if (is(&PyBytes_Type)) {
    *text = PyBytes_AsString(owner->get());
    return true;
  }
  PyErr_SetString(PyExc_OSError, "Int or String expected");
  return false;
}

PyObject* EntryOf(const AddrInfo& found, const char* canonical_name) {
  return Py_BuildValue("iiisN", found.family, found.type, found.protocol, canonical_name,
                       FromAddress(found.address, found.address_size));
}

PyObject* GetAddrInfo(PyObject*, PyObject* arguments, PyObject* keywords) {
  static const char* const kNames[] = {"host", "port", "family", "type", "proto", "flags", nullptr};
  PyObject* host = nullptr;
  PyObject* service = nullptr;
  AddrInfo hints{};
  if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "OO|iiii:getaddrinfo", kNames, &host, &service, &hints.family,
                                   &hints.type, &hints.protocol, &hints.flags)) {
    return nullptr;
  }
  HostName name;
  const char* host_text = nullptr;
  PyRef service_owner;
  const char* service_text = nullptr;
  if (!ReadHost(host, &name, &host_text) || !ReadService(service, &service_owner, &service_text) ||
      PySys_Audit("socket.getaddrinfo", "OOiii", host, service, hints.family, hints.type, hints.protocol) != 0) {
    return nullptr;
  }
  Addresses found;
  PyRef list(found.LookUp(host_text, service_text, hints) ? PyList_New(0) : nullptr);
  if (!list) return nullptr;
  const char* canonical_name = found.first()->canonical_name ? found.first()->canonical_name : "";
  for (const AddrInfo* one = found.first(); one; one = one->next) {
    PyRef entry(EntryOf(*one, one == found.first() ? canonical_name : ""));
    if (!entry || PyList_Append(list.get(), entry.get()) != 0) return nullptr;
  }
  return list.Release();
}

// (name, aliases, addresses). Steals the last.
PyObject* HostEntry(const char* name, const char* alias, PyObject* addresses) {
  return alias ? Py_BuildValue("s[s]N", name, alias, addresses) : Py_BuildValue("s[]N", name, addresses);
}

// The host of an address without the port.
PyObject* HostOf(const AddrInfo& found) {
  PyRef address(FromAddress(found.address, found.address_size));
  return address ? PyTuple_GetSlice(address.get(), 0, 1) : nullptr;
}

// Raises socket.herror for an error of getnameinfo().
void RaiseHostError(int error) {
  if (error == kEaiSystem || error == kEaiMemory) return RaiseLookupError(error);
  enum { kHostNotFound = 1, kTryAgain = 2, kNoRecovery = 3 };
  const int number = error == kEaiNoName ? kHostNotFound : error == kEaiAgain ? kTryAgain : kNoRecovery;
  PyRef module(PyImport_ImportModule("_socket"));
  PyRef type(module ? PyObject_GetAttrString(module.get(), "herror") : nullptr);
  PyRef arguments(type ? Py_BuildValue("is", number, hstrerror(number)) : nullptr);
  if (arguments) PyErr_SetObject(type.get(), arguments.get());
}

// The one argument of these two.
bool ReadName(PyObject* arguments, const char* format, const char* event, HostName* name) {
  PyObject* host = nullptr;
  return PyArg_ParseTuple(arguments, format, &host) && name->Read(host, true) && PySys_Audit(event, "O", host) == 0;
}

// The system's resolver tells the first name alone.
PyObject* GetHostByAddr(PyObject*, PyObject* arguments) {
  HostName host;
  if (!ReadName(arguments, "O:gethostbyaddr", "socket.gethostbyaddr", &host)) return nullptr;
  AddrInfo hints{};
  hints.type = kStream;
  Addresses found;
  if (!found.LookUp(host.text(), nullptr, hints)) return nullptr;
  char name[kMostHostName];
  const int error = blockon_getnameinfo(found.first()->address, found.first()->address_size, name, sizeof(name),
                                        nullptr, 0, kNameRequired);
  if (error != 0) {
    RaiseHostError(error);
    return nullptr;
  }
  PyRef address(HostOf(*found.first()));
  PyRef list(address ? PySequence_List(address.get()) : nullptr);
  return list ? HostEntry(name, nullptr, list.Release()) : nullptr;
}

PyObject* GetHostByNameEx(PyObject*, PyObject* arguments) {
  HostName host;
  if (!ReadName(arguments, "O:gethostbyname_ex", "socket.gethostbyname", &host)) return nullptr;
  AddrInfo hints{};
  hints.family = kAfInet;
  hints.type = kStream;
  hints.flags = kCanonicalName;
  Addresses found;
  PyRef list(found.LookUp(host.text(), nullptr, hints) ? PyList_New(0) : nullptr);
  if (!list) return nullptr;
  for (const AddrInfo* one = found.first(); one; one = one->next) {
    PyRef address(HostOf(*one));
    if (!address || PyList_Append(list.get(), PyTuple_GetItem(address.get(), 0)) != 0) return nullptr;
  }
  const char* name = found.first()->canonical_name ? found.first()->canonical_name : host.text();
  return HostEntry(name, strcmp(name, host.text()) == 0 ? nullptr : host.text(), list.Release());
}

enum Lookup { kGetNameInfo, kGetAddrInfo, kGetHostByAddr, kGetHostByNameEx, kLookupCount };
extern BuiltinMethod lookups[kLookupCount];

// CPython's own leaves out what is behind the port.
PyObject* GetNameInfo(PyObject* module, PyObject* arguments) {
  PyObject* tuple = nullptr;
  int flags = 0;
  if (!PyArg_ParseTuple(arguments, "Oi:getnameinfo", &tuple, &flags)) return nullptr;
  const bool is_tuple = PyObject_IsInstance(tuple, reinterpret_cast<PyObject*>(&PyTuple_Type)) == 1;
  if (!is_tuple || PyTuple_Size(tuple) <= 2) return lookups[kGetNameInfo].original(module, arguments);
  SocketAddress6 address;
  if (!ToAddress6(tuple, "getnameinfo", &address, true) || PySys_Audit("socket.getnameinfo", "(O)", tuple) != 0) {
    return nullptr;
  }
  char host[kMostHostName];
  char service[kMostServiceName];
  const int error = blockon_getnameinfo(&address, sizeof(address), host, sizeof(host), service, sizeof(service), flags);
  if (error == 0) return Py_BuildValue("ss", host, service);
  RaiseLookupError(error);
  return nullptr;
}

BuiltinMethod lookups[kLookupCount] = {
    {"getnameinfo", METH_VARARGS, GetNameInfo},
    {"getaddrinfo", METH_VARARGS | METH_KEYWORDS, AsMethod(GetAddrInfo)},
    {"gethostbyaddr", METH_VARARGS, GetHostByAddr},
    {"gethostbyname_ex", METH_VARARGS, GetHostByNameEx},
};

}  // namespace

bool ReplaceLookups(PyObject* module) {
  for (BuiltinMethod& lookup : lookups) {
    if (!ReplaceBuiltin(module, &lookup)) return false;
  }
  return true;
}

}  // namespace blockon
