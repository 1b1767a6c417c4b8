// Lookups of the module _socket, in place of CPython's, which drop the addresses of IPv6.
#include "builtin_method.h"
#include "name_lookup.h"
#include "socket_address.h"
#include "socket_methods.h"

namespace blockon {
namespace {

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

BuiltinMethod lookups[] = {
    {"getaddrinfo", METH_VARARGS | METH_KEYWORDS, AsMethod(GetAddrInfo)},
};

}  // namespace

bool ReplaceLookups(PyObject* module) {
  for (BuiltinMethod& lookup : lookups) {
    if (!ReplaceBuiltin(module, &lookup)) return false;
  }
  return true;
}

}  // namespace blockon
