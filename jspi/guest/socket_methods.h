// What this CPython's _socket lacks. Since it was built without IPv6: the methods of a socket of AF_INET6, inet_pton() and inet_ntop() of
// that family, and lookups (getaddrinfo, gethostbyaddr, gethostbyname_ex) that know it.
//
// Each stands in for CPython's own function, which a socket of any other family still has. And socketpair(), which it has not.
//
// With a thread state attached.
#ifndef BLOCKON_JSPI_GUEST_SOCKET_METHODS_H_
#define BLOCKON_JSPI_GUEST_SOCKET_METHODS_H_

#include "python_api.h"

namespace blockon {

// Of the module _blockon.
extern PyMethodDef socket_methods[];

// Has functions of the module _socket replaced. False with an exception set.
bool ReplaceLookups(PyObject* module);

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_SOCKET_METHODS_H_
