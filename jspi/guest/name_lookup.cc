// getaddrinfo() by the engine's resolver (jspi/net/resolver.h).
#include "name_lookup.h"

#include "engine_api.h"
#include "outbound_refusal.h"
#include "parking_lot.h"
#include "python_api.h"
#include "socket_address.h"
#include "socket_files.h"
#include "socket_wait.h"
#include "syscall_error.h"

extern "C" {
void* malloc(size_t size);
void free(void* memory);
const char* gai_strerror(int error);
// What these take the place of: names have addresses that stand for them, which Emscripten's sockets know.
int getaddrinfo(const char* host, const char* service, const AddrInfo* hints, AddrInfo** answer);
int getnameinfo(const void* address, uint32_t size, char* host, uint32_t host_size, char* service,
                uint32_t service_size, int flags);
}

namespace blockon {
namespace {

// As jspi/engine/lookup_calls.cc writes it.
struct Entry {
  int family;
  int type;
  int protocol;
  uint32_t size;
  char address[32];
};
static_assert(sizeof(Entry) == 48);

constexpr uint32_t kMostEntries = 64;
constexpr uint32_t kMostName = 256;

// The answer as freeaddrinfo() of this libc takes it apart: it frees the first entry and that one's address. So the first entry's
// piece of memory holds all others.
AddrInfo* NewAnswer(const Entry* entries, uint32_t count, const char* name, uint32_t name_size) {
  const uint32_t head = count * sizeof(AddrInfo);
  auto* infos = static_cast<AddrInfo*>(malloc(head + count * sizeof(Entry::address) + name_size + 1));
  void* first_address = malloc(sizeof(Entry::address));
  if (!infos || !first_address) {
    free(infos);
    free(first_address);
    return nullptr;
  }
  char* addresses = reinterpret_cast<char*>(infos) + head;
  char* text = addresses + count * sizeof(Entry::address);
  memcpy(text, name, name_size);
  text[name_size] = '\0';
  for (uint32_t i = 0; i < count; i++) {
    void* address = i == 0 ? first_address : addresses + i * sizeof(Entry::address);
    memcpy(address, entries[i].address, sizeof(Entry::address));
    infos[i] = {.flags = 0,
                .family = entries[i].family,
                .type = entries[i].type,
                .protocol = entries[i].protocol,
                .address_size = entries[i].size,
                .address = address,
                .canonical_name = i == 0 && name_size > 0 ? text : nullptr,
                .next = i + 1 < count ? &infos[i + 1] : nullptr};
  }
  return infos;
}

// EAI_SYSTEM with an exception of socket.gaierror's class kept, which has the text.
int FailWithReason(int error) {
  const OutboundRefusal refusal;
  if (!refusal) return error;
  AttachedThreadState attached;
  PyRef module(PyImport_ImportModule("_socket"));
  PyRef type(module ? PyObject_GetAttrString(module.get(), "gaierror") : nullptr);
  FailWithError(type.get(), error, refusal.text(), kEACCES);
  return kEaiSystem;
}

// errno is not the engine's host's.
int OfThisHost(int error) { return error == kEaiSystem ? kEaiFail : error; }

// Whether there are sockets for addresses of IPv6, and lookups that return them.
bool uses_ipv6 = false;

// Where there are others, addresses that nobody could use are left out. Returns how many stay.
uint32_t KeepUsable(Entry* entries, uint32_t count) {
  if (uses_ipv6) return count;
  uint32_t kept = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (entries[i].family == kAfInet) entries[kept++] = entries[i];
  }
  return kept > 0 ? kept : count;
}

using TextOf = int (*)(int lookup, char* text, uint32_t capacity);

class Lookup {
 public:
  explicit Lookup(int number) : number_(number) {}
  ~Lookup() { blockon_lookup_drop(number_); }
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;

  int Read(AddrInfo** answer) const {
    Entry entries[kMostEntries];
    const int found = blockon_lookup_read(number_, entries, kMostEntries);
    if (found < 0) return OfThisHost(found);
    if (found == 0) return kEaiFail;
    char name[kMostName];
    const int size = blockon_lookup_canonical_name(number_, name, kMostName);
    const uint32_t read = static_cast<uint32_t>(found) < kMostEntries ? static_cast<uint32_t>(found) : kMostEntries;
    const uint32_t count = KeepUsable(entries, read);
    *answer = NewAnswer(entries, count, name, size > 0 && static_cast<uint32_t>(size) < kMostName ? size : 0);
    return *answer ? 0 : kEaiMemory;
  }

  // 0 or an error.
  int error() const {
    const int found = blockon_lookup_read(number_, nullptr, 0);
    return found < 0 ? OfThisHost(found) : 0;
  }

  // Where there is room for it and a zero; nothing for none.
  int ReadText(TextOf text_of, char* text, uint32_t capacity) const {
    if (!text || capacity == 0) return 0;
    const auto size = static_cast<uint32_t>(text_of(number_, text, capacity));
    if (size >= capacity) return kEaiOverflow;
    text[size] = '\0';
    return 0;
  }

 private:
  const int number_;
};

}  // namespace

void UseIPv6(bool use) { uses_ipv6 = use; }

void RaiseLookupError(int error) {
  if (error == kEaiSystem) {
    PyErr_SetFromErrno(PyExc_OSError);
    return;
  }
  PyRef module(PyImport_ImportModule("_socket"));
  PyRef type(module ? PyObject_GetAttrString(module.get(), "gaierror") : nullptr);
  PyRef arguments(type ? Py_BuildValue("is", error, gai_strerror(error)) : nullptr);
  if (arguments) PyErr_SetObject(type.get(), arguments.get());
}

bool Addresses::LookUp(const char* host, const char* service, const AddrInfo& hints) {
  const int error = blockon_getaddrinfo(host, service, &hints, &first_);
  if (error == 0) return true;
  RaiseLookupError(error);
  return false;
}

}  // namespace blockon

using namespace blockon;

extern "C" __attribute__((visibility("default"))) int blockon_getaddrinfo(const char* host, const char* service,
                                                                          const AddrInfo* hints, AddrInfo** answer) {
  if (leaves_sockets) return getaddrinfo(host, service, hints, answer);
  constexpr AddrInfo kNone{};
  const AddrInfo& asked = hints ? *hints : kNone;
  const int number = blockon_lookup_start(host, host ? strlen(host) : 0, service, service ? strlen(service) : 0,
                                          asked.family, asked.type, asked.protocol, asked.flags);
  if (number <= 0) return FailWithReason(number);
  const Lookup lookup(number);
  if (WaitForLookup(number) != 0) return kEaiSystem;
  return lookup.Read(answer);
}

extern "C" __attribute__((visibility("default"))) int blockon_getnameinfo(const void* address, uint32_t size,
                                                                          char* host, uint32_t host_size, char* service,
                                                                          uint32_t service_size, int flags) {
  if (leaves_sockets) return getnameinfo(address, size, host, host_size, service, service_size, flags);
  // Nobody is asked for what is not wanted.
  if (!host || host_size == 0) flags |= kNumericName;
  if (!service || service_size == 0) flags |= kNumericService;
  const int number = blockon_lookup_start_name(address, size, flags);
  if (number <= 0) return FailWithReason(number);
  const Lookup lookup(number);
  if (WaitForLookup(number) != 0) return kEaiSystem;
  if (const int error = lookup.error()) return error;
  if (const int error = lookup.ReadText(blockon_lookup_canonical_name, host, host_size)) return error;
  return lookup.ReadText(blockon_lookup_service, service, service_size);
}
