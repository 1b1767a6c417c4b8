// getaddrinfo() by the engine's resolver (jspi/net/resolver.h), which blocks the fiber, or this thread where nothing can be suspended.
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
void freeaddrinfo(AddrInfo* answer);
}

namespace blockon {

constexpr int kStream = 1;
constexpr int kPassive = 1;

constexpr int kEaiFail = -4;
constexpr int kEaiMemory = -10;
constexpr int kEaiSystem = -11;

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

// Raises what getaddrinfo() and getnameinfo() failed with, as socket.gaierror or, for the system's own, as what errno says.
void RaiseLookupError(int error);

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_NAME_LOOKUP_H_
