#include "ctests/engine/searched_names.h"

#include <dlfcn.h>
#include <netdb.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>

// Takes the place of libc's for what is linked into this module, and for nothing else.
extern "C" __attribute__((visibility("hidden"))) int getaddrinfo(const char* host, const char* service,
                                                                 const addrinfo* hints, addrinfo** found) {
  using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto libc = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "getaddrinfo"));
  addrinfo asked = hints ? *hints : addrinfo{};
  const bool searched = host && std::strcmp(host, blockon::kShortName) == 0 && (asked.ai_flags & AI_NUMERICHOST) == 0;
  if (!searched) return libc(host, service, hints, found);
  while (blockon::searched_name_takes_long) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const bool wants_name = (asked.ai_flags & AI_CANONNAME) != 0;
  const int error = libc(blockon::kSearchedAddress, service, &asked, found);
  if (error == 0 && wants_name) {
    std::free((*found)->ai_canonname);
    (*found)->ai_canonname = strdup(blockon::kSearchedName);
  }
  return error;
}
