// The contents of a linear memory in a file, and their mapping over the memory of another instance.
//
//   page 0   header: magic, sizes, the key, checksums of itself and of all that follows
//   then     runs of pages that are not all zeros: {first page, pages}, ascending
//   then     notes, whose form is the writer's
//   then     from the next whole page on, the pages of the runs
//
// The file is written under another name, flushed and renamed, so that it is whole or not there. It is bound to a key: whoever opens
// it says which he expects. Opening copies the pages into a sealed memory file (memfd): what is mapped is then what was checked, and
// nobody who truncates or overwrites the file can end this process by SIGBUS. The copy is the process's only one: each memory maps it
// copy-on-write. Linux.
//
// An image is immutable and belongs to all threads.
#ifndef BLOCKON_JSPI_UTIL_MEMORY_IMAGE_H_
#define BLOCKON_JSPI_UTIL_MEMORY_IMAGE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace blockon {

constexpr std::size_t kImagePage = 4096;
constexpr std::size_t kImageKeySize = 64;

// Pages in a row.
struct ImageRun {
  uint32_t first;
  uint32_t pages;
};

// Why the file could not be written, or "": then it is there, whole, and on the disk. `size` is in whole pages.
std::string WriteMemoryImage(const std::string& file, std::string_view key, std::string_view notes, const void* memory,
                             std::size_t size);

class MemoryImage {
 public:
  // Null with `*why` where the file is missing, damaged, truncated, or not of this key.
  static std::shared_ptr<const MemoryImage> Open(const std::string& file, std::string_view key, std::string* why);
  // As Open(), but the process opens what was opened before only once: later, the file is not looked at again.
  static std::shared_ptr<const MemoryImage> OpenShared(const std::string& file, std::string_view key, std::string* why);

  MemoryImage(const MemoryImage&) = delete;
  MemoryImage& operator=(const MemoryImage&) = delete;
  ~MemoryImage();

  const std::string& notes() const { return notes_; }
  std::size_t memory_size() const { return memory_size_; }

  // Makes private anonymous memory, of memory_size() bytes from a page's start, what was written. "", or the system's reason; then the
  // memory is neither what it was nor what was written.
  std::string MapOver(void* memory) const;

 private:
  MemoryImage() = default;
  // "" or why not.
  std::string Read(int file, std::string_view key);
  std::string ReadPages(int file, uint64_t offset, std::size_t size, uint32_t checked, uint32_t expected);

  int pages_ = -1;
  std::vector<ImageRun> runs_;
  std::string notes_;
  std::size_t memory_size_ = 0;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_UTIL_MEMORY_IMAGE_H_
