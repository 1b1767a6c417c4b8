#include "jspi/util/keyed_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

#include "jspi/util/crc32c.h"
#include "jspi/util/handed_files.h"
#include "jspi/util/owned_fd.h"
#include "jspi/util/sealed_copy.h"
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

// Reads the header and compares it with the file's size. "" or why not.
std::string ReadHeader(int fd, Header* header) {
  struct stat status{};
  if (fstat(fd, &status) != 0) return SystemError("fstat");
  if (std::string why = ReadAt(fd, header, sizeof *header, 0); !why.empty()) return why;
  if (std::memcmp(header->magic, kMagic, sizeof kMagic) != 0) return "it is no file of this version";
  if (header->checksum != header->Checksum()) return "its header is damaged";
  const uint64_t size = static_cast<uint64_t>(status.st_size) - sizeof *header;
  if (header->size != size) return size < header->size ? "it is truncated" : "it is longer than written";
  return "";
}

// As above, and with the key.
std::string ReadHeader(int fd, std::string_view key, Header* header) {
  if (std::string why = ReadHeader(fd, header); !why.empty()) return why;
  return std::string_view(header->key, kFileKeySize) == key ? "" : "it was made for another build, version or machine";
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

std::string CopyKeyedFile(int file, int memory) {
  Header header;
  if (std::string why = ReadHeader(file, &header); !why.empty()) return why;
  std::string why = CopySealed(file, sizeof header + header.size, sizeof header, header.body_checksum, memory);
  Header copied;
  if (why.empty()) why = ReadAt(memory, &copied, sizeof copied, 0);
  // Somebody may write to the file meanwhile, and the checksum is that of the header which was read.
  return why.empty() && std::memcmp(&header, &copied, sizeof header) != 0 ? "it is damaged" : why;
}

std::shared_ptr<const KeyedBytes> KeyedBytes::Open(const std::string& file, std::string_view key, std::string* why) {
  const auto bytes = std::make_shared<KeyedBytes>();
  if (const OwnedFd handed(HandedFile(key)); handed.get() >= 0 && bytes->Map(handed.get(), key)) return bytes;
  *why = ReadKeyedFile(file, key, &bytes->read_);
  bytes->view_ = bytes->read_;
  return why->empty() ? bytes : nullptr;
}

KeyedBytes::~KeyedBytes() {
  if (mapped_ != nullptr) munmap(mapped_, mapped_size_);
}

bool KeyedBytes::Map(int memory, std::string_view key) {
  Header header;
  if (!IsSealed(memory) || !ReadHeader(memory, key, &header).empty()) return false;
  mapped_size_ = sizeof header + header.size;
  // Private: who writes to it all the same writes to his own.
  void* const at = mmap(nullptr, mapped_size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, memory, 0);
  if (at == MAP_FAILED) return false;
  mapped_ = at;
  view_ = {static_cast<const char*>(at) + sizeof header, header.size};
  return true;
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
