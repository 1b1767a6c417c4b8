// Addresses of sockets between Python's tuples and libc's struct sockaddr, with IPv6, which this CPython was built without.
//
// With a thread state attached. Failing sets an exception, the one that CPython has for it.
#ifndef BLOCKON_JSPI_GUEST_SOCKET_ADDRESS_H_
#define BLOCKON_JSPI_GUEST_SOCKET_ADDRESS_H_

#include <stdint.h>

#include "python_api.h"

namespace blockon {

constexpr int kAfUnix = 1;
constexpr int kAfInet = 2;
constexpr int kAfInet6 = 10;

// As <netinet/in.h> has them; ports, flow and addresses in the network's order.
struct SocketAddress4 {
  uint16_t family;
  uint16_t port;
  uint8_t address[4];
  uint8_t zero[8];
};
struct SocketAddress6 {
  uint16_t family;
  uint16_t port;
  uint32_t flow;
  uint8_t address[16];
  uint32_t scope;
};
static_assert(sizeof(SocketAddress4) == 16 && sizeof(SocketAddress6) == 28);
constexpr uint32_t kMostAddress = sizeof(SocketAddress6);
constexpr uint32_t kMostAddressText = 46;  // INET6_ADDRSTRLEN

// A host's name as the resolver takes it: str by way of the codec idna, bytes and bytearray as they are.
class HostName {
 public:
  // False with an exception set. `encodes_ascii`: whether the codec looks at a name of ASCII too, and refuses labels that are too long.
  bool Read(PyObject* host, bool encodes_ascii);
  const char* text() const { return text_; }

 private:
  PyRef owner_;
  const char* text_ = nullptr;
};

// (host, port[, flow[, scope]]) for the method of this name. A host that is no address is looked up, and blocks the fiber, but where it
// has to be `numeric`.
bool ToAddress6(PyObject* tuple, const char* method, SocketAddress6* address, bool numeric = false);

// (host, port), (host, port, flow, scope), "" for the system's pairs, which have no address, None for nothing.
PyObject* FromAddress(const void* address, uint32_t size);

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_SOCKET_ADDRESS_H_
