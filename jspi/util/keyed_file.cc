#include "jspi/util/keyed_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

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

// While a file is checked and not kept: pieces that stay in the processor's cache.
constexpr std::size_t kPiece = 256 << 10;

// Reads the header and compares it with the key and the file's size. "" or why not.
std::string ReadHeader(int fd, std::string_view key, Header* header) {
  struct stat status{};
  if (fstat(fd, &status) != 0) return SystemError("fstat");
  if (std::string why = ReadAt(fd, header, sizeof *header, 0); !why.empty()) return why;
  if (std::memcmp(header->magic, kMagic, sizeof kMagic) != 0) return "it is no file of this version";
  if (header->checksum != header->Checksum()) return "its header is damaged";
  if (std::string_view(header->key, kFileKeySize) != key) return "it was made for another build, version or machine";
  const uint64_t size = static_cast<uint64_t>(status.st_size) - sizeof *header;
  if (header->size != size) return size < header->size ? "it is truncated" : "it is longer than written";
  return "";
}

std::string CheckBody(int fd, const Header& header) {
  const auto piece = std::make_unique_for_overwrite<char[]>(kPiece);
  uint32_t checksum = 0;
  for (uint64_t at = 0; at < header.size; at += kPiece) {
    const auto count = static_cast<std::size_t>(std::min<uint64_t>(kPiece, header.size - at));
    if (std::string why = ReadAt(fd, piece.get(), count, sizeof header + at); !why.empty()) return why;
    checksum = Crc32c(piece.get(), count, checksum);
  }
  return checksum == header.body_checksum ? "" : "it is damaged";
}

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
  Header header;
  if (std::string why = ReadHeader(fd.get(), key, &header); !why.empty()) return why;
  bytes->resize(header.size);
  if (std::string why = ReadAt(fd.get(), bytes->data(), header.size, sizeof header); !why.empty()) return why;
  return Crc32c(bytes->data(), header.size) == header.body_checksum ? "" : "it is damaged";
}

std::shared_ptr<const OpenKeyedFile> OpenKeyedFile::Open(const std::string& file, std::string_view key,
                                                         std::string* why) {
  static std::mutex mutex;
  // Never freed: a thread may be in here while the process ends.
  static auto& opened = *new std::map<std::pair<std::string, std::string>, std::shared_ptr<const OpenKeyedFile>>;
  const std::lock_guard<std::mutex> lock(mutex);
  std::shared_ptr<const OpenKeyedFile>& known = opened[{file, std::string(key)}];
  if (known) return known;
  const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    *why = SystemError("open");
    return nullptr;
  }
  std::shared_ptr<OpenKeyedFile> made(new OpenKeyedFile(fd));
  Header header;
  *why = ReadHeader(fd, key, &header);
  if (why->empty()) *why = CheckBody(fd, header);
  if (!why->empty()) return nullptr;
  made->size_ = header.size;
  known = made;
  return made;
}

std::string OpenKeyedFile::Read(void* to, uint64_t size, uint64_t at) const {
  if (at > size_ || size > size_ - at) return "there are no such bytes in it";
  return ReadAt(fd_.get(), to, size, sizeof(Header) + at);
}

}  // namespace blockon
