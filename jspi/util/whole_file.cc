#include "jspi/util/whole_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "jspi/util/owned_fd.h"

namespace blockon {
namespace {

std::string WriteTo(int file, const std::vector<std::string_view>& pieces) {
  for (const std::string_view piece : pieces) {
    if (!WriteAll(file, piece)) return SystemError("write");
  }
  return fsync(file) == 0 ? "" : SystemError("fsync");
}

// Makes the name in its folder as durable as the file.
std::string FlushFolder(const std::string& file) {
  const std::size_t slash = file.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : file.substr(0, slash + 1);
  const OwnedFd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fd.get() >= 0 && fsync(fd.get()) == 0 ? "" : SystemError("fsync");
}

}  // namespace

std::string SystemError(const char* call) { return std::string(call) + ": " + std::strerror(errno); }

bool WriteAll(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(file, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

std::string WriteWholeFile(const std::string& file, const std::vector<std::string_view>& pieces) {
  std::string partial = file + ".XXXXXX";
  std::string why;
  {
    const OwnedFd fd(mkostemp(partial.data(), O_CLOEXEC));
    if (fd.get() < 0) return SystemError("open");
    why = WriteTo(fd.get(), pieces);
  }
  if (why.empty() && rename(partial.c_str(), file.c_str()) != 0) why = SystemError("rename");
  if (!why.empty()) {
    unlink(partial.c_str());
    return why;
  }
  return FlushFolder(file);
}

std::string ReadAt(int file, void* to, uint64_t size, uint64_t offset) {
  auto* at = static_cast<char*>(to);
  while (size > 0) {
    const ssize_t count = pread(file, at, size, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return SystemError("read");
    if (count == 0) return "it is truncated";
    at += count;
    size -= static_cast<uint64_t>(count);
    offset += static_cast<uint64_t>(count);
  }
  return "";
}

}  // namespace blockon
