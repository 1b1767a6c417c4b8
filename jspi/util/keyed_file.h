// Bytes in a file that is bound to a key: what can be made again, and must be what was written or not be used at all.
//
//   header: magic, the key, the size, checksums of what follows and of itself
//   then    the bytes
//
// Whoever reads it says which key he expects, and gets a copy that was checked: what becomes of the file later does not matter. A file that is
// large and read in parts stays open instead (OpenKeyedFile). Any thread.
#ifndef BLOCKON_JSPI_UTIL_KEYED_FILE_H_
#define BLOCKON_JSPI_UTIL_KEYED_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "jspi/util/owned_fd.h"

namespace blockon {

// Hexadecimal digits.
constexpr std::size_t kFileKeySize = 64;

// Why it could not be written, or "": then it is there whole.
std::string WriteKeyedFile(const std::string& file, std::string_view key, std::string_view bytes);

// Why it cannot be used (missing, damaged, truncated, not of this key), or "".
std::string ReadKeyedFile(const std::string& file, std::string_view key, std::string* bytes);

// Copies such a file, whatever its key, into a memory file that is empty (jspi/util/sealed_copy.h), and checks it. "" or why not.
std::string CopyKeyedFile(int file, int memory);

// The bytes of one that was read and checked, or that whoever started this process has (handed_files.h). Nobody else writes to them. Immutable;
// any thread.
class KeyedBytes {
 public:
  // Null with `*why` as ReadKeyedFile().
  static std::shared_ptr<const KeyedBytes> Open(const std::string& file, std::string_view key, std::string* why);

  KeyedBytes() = default;
  KeyedBytes(const KeyedBytes&) = delete;
  KeyedBytes& operator=(const KeyedBytes&) = delete;
  ~KeyedBytes();

  std::string_view view() const { return view_; }

 private:
  // False where the memory file is not what it should be.
  bool Map(int memory, std::string_view key);

  std::string read_;
  void* mapped_ = nullptr;
  std::size_t mapped_size_ = 0;
  std::string_view view_;
};

// One that was checked as a whole when it was opened, and is read in parts. It is never mapped: where somebody truncates it later, reading
// fails, and no access to memory does. Its pages are the system's, once for all processes of the machine. Immutable; any thread.
class OpenKeyedFile {
 public:
  // Null with `*why` where the file is missing, damaged, truncated, or not of this key. What the process has opened once
  // it keeps, and does not look at again.
  static std::shared_ptr<const OpenKeyedFile> Open(const std::string& file, std::string_view key, std::string* why);

  // Of the bytes behind the header.
  uint64_t size() const { return size_; }
  // "" or why not.
  std::string Read(void* to, uint64_t size, uint64_t at) const;

 private:
  explicit OpenKeyedFile(int fd) : fd_(fd) {}

  const OwnedFd fd_;
  uint64_t size_ = 0;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_UTIL_KEYED_FILE_H_
