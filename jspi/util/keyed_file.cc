#include "jspi/util/keyed_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "jspi/util/crc32c.h"
#include "jspi/util/owned_fd.h"
#include "jspi/util/whole_file.h"

namespace blockon {
namespace {

constexpr char kMagic[8] = {'b', 'l', 'k', 'k', 'e', 'y', '1', '\n'};

struct Header {
  char magic[sizeof kMagic];
  char key[kFileKeySize];
  uint64_t size;
  // Of the bytes.
  uint32_t body_checksum;
  // Of the header up to here.
  uint32_t checksum;

  uint32_t Checksum() const { return Crc32c(this, offsetof(Header, checksum)); }
};

}  // namespace

std::string WriteKeyedFile(const std::string& file, std::string_view key, std::string_view bytes) {
  if (key.size() != kFileKeySize) return "the key is wrong";
  Header header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  std::memcpy(header.key, key.data(), kFileKeySize);
  header.size = bytes.size();
  header.body_checksum = Crc32c(bytes.data(), bytes.size());
  header.checksum = header.Checksum();
  return WriteWholeFile(file, {{reinterpret_cast<const char*>(&header), sizeof header}, bytes});
}

std::string ReadKeyedFile(const std::string& file, std::string_view key, std::string* bytes) {
  const OwnedFd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return SystemError("open");
  struct stat status{};
  if (fstat(fd.get(), &status) != 0) return SystemError("fstat");
  Header header;
  if (std::string why = ReadAt(fd.get(), &header, sizeof header, 0); !why.empty()) return why;
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0) return "it is no file of this version";
  if (header.checksum != header.Checksum()) return "its header is damaged";
  if (std::string_view(header.key, kFileKeySize) != key) return "it was made for another build, version or machine";
  const uint64_t size = static_cast<uint64_t>(status.st_size) - sizeof header;
  if (header.size != size) return size < header.size ? "it is truncated" : "it is longer than written";
  bytes->resize(size);
  if (std::string why = ReadAt(fd.get(), bytes->data(), size, sizeof header); !why.empty()) return why;
  return Crc32c(bytes->data(), size) == header.body_checksum ? "" : "it is damaged";
}

}  // namespace blockon
