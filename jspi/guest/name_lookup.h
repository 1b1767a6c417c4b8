// getaddrinfo() and getnameinfo() by the engine's resolver (jspi/net/resolver.h), which block the fiber, or this thread where nothing can be suspended.
//
// With a thread state attached or not.
#ifndef BLOCKON_JSPI_GUEST_NAME_LOOKUP_H_
#define BLOCKON_JSPI_GUEST_NAME_LOOKUP_H_

#include <stdint.h>

#include "python_api.h"

// As <netdb.h> has it.
struct AddrInfo {
  int flags;
  int family;
  int type;
  int protocol;
  uint32_t address_size;
  void* address;
  char* canonical_name;
  AddrInfo* next;
};

extern "C" {
int blockon_getaddrinfo(const char* host, const char* service, const AddrInfo* hints, AddrInfo** answer);
int blockon_getnameinfo(const void* address, uint32_t size, char* host, uint32_t host_size, char* service,
                        uint32_t service_size, int flags);
void freeaddrinfo(AddrInfo* answer);
}

namespace blockon {

constexpr int kStream = 1;
constexpr int kPassive = 1;

constexpr int kCanonicalName = 2;
constexpr int kNumericHost = 4;
// Flags of getnameinfo().
constexpr int kNumericName = 1;
constexpr int kNumericService = 2;
constexpr int kNameRequired = 8;

constexpr int kEaiNoName = -2;
constexpr int kEaiAgain = -3;
constexpr int kEaiFail = -4;
constexpr int kEaiMemory = -10;
constexpr int kEaiSystem = -11;
constexpr int kEaiOverflow = -12;

// What getaddrinfo() found.
class Addresses {
 public:
  Addresses() = default;
  ~Addresses() {
    if (first_) freeaddrinfo(first_);
  }
  Addresses(const Addresses&) = delete;
  Addresses& operator=(const Addresses&) = delete;

  // False with an exception set. A null host or service is none. With a thread state attached.
  bool LookUp(const char* host, const char* service, const AddrInfo& hints);
  // At least one when it was found.
  const AddrInfo* first() const { return first_; }

 private:
  AddrInfo* first_ = nullptr;
};

// Whether lookups find addresses of IPv6 beside others; not before the first call. Upstream's sockets have none, and CPython's own
// lookups would return them in pieces.
void UseIPv6(bool use);

// Raises what getaddrinfo() and getnameinfo() failed with, as socket.gaierror or, for the system's own, as what errno says.
void RaiseLookupError(int error);

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_NAME_LOOKUP_H_
