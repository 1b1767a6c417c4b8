// Where the launcher finds what it starts: the Node that the package brings with it, and the command in JavaScript.
#ifndef BLOCKON_JSPI_LAUNCHER_PLACES_H_
#define BLOCKON_JSPI_LAUNCHER_PLACES_H_

#include <string>

namespace blockon {

struct Places {
  std::string node;
  // runtime/cli/main.ts in a checkout, main.cjs in an installed package.
  std::string cli;
};

// "" or why not, for whoever typed the command. Looks from where this program really lies, which npm's link to it does not hide.
std::string FindPlaces(Places* places);

// The folder of what can be made again, by the XDG Base Directory Specification (runtime/user_cache.ts). Node keeps in "node" of it what V8
// makes of the runtime's JavaScript.
std::string CacheFolder();

}  // namespace blockon

#endif  // BLOCKON_JSPI_LAUNCHER_PLACES_H_
