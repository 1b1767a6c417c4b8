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
// One that whoever started this process has copied and checked so is taken in place of the file (handed_files.h).
//
// An image may lie over another one, its base: then it has only the pages that differ from that one's, and each memory maps both, but for short
// runs of the upper one, which it has copies of. It is bound to that very file by its checksum.
//
// An image is immutable and belongs to all threads.
#ifndef BLOCKON_JSPI_UTIL_MEMORY_IMAGE_H_
#define BLOCKON_JSPI_UTIL_MEMORY_IMAGE_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "jspi/util/owned_fd.h"

namespace blockon {

constexpr std::size_t kImagePage = 4096;
constexpr std::size_t kImageKeySize = 64;

// Pages in a row.
struct ImageRun {
  uint32_t first;
  uint32_t pages;
};

// Of a memory's private pages.
struct GivenUpPages {
  std::size_t given_up = 0;
  // What is left of them.
  std::size_t kept = 0;
};

class MemoryImage;

// Copies an image's file, whatever its key, into a memory file that is empty (jspi/util/sealed_copy.h), and checks it. "" or why not.
std::string CopyMemoryImage(int file, int memory);

// Why the file could not be written, or "": then it is there, whole, and on the disk. `size` is in whole pages. `base` may be null.
std::string WriteMemoryImage(const std::string& file, std::string_view key, std::string_view notes, const void* memory,
                             std::size_t size, const MemoryImage* base = nullptr);

class MemoryImage {
 public:
  // Null with `*why` where the file is missing, damaged, truncated, or not of this key and this base, which may be null.
  static std::shared_ptr<const MemoryImage> Open(const std::string& file, std::string_view key, std::string* why,
                                                 std::shared_ptr<const MemoryImage> base = nullptr);
  // As Open(), but the process opens what was opened before only once: later, the file is not looked at again. What lasts is kept so for
  // ever. Of the others the last ones that were asked for are, up to a number and a size of them together; the rest as long as somebody has them.
  static std::shared_ptr<const MemoryImage> OpenShared(const std::string& file, std::string_view key, std::string* why,
                                                       bool lasts, std::shared_ptr<const MemoryImage> base = nullptr);

  ~MemoryImage();
  MemoryImage(const MemoryImage&) = delete;
  MemoryImage& operator=(const MemoryImage&) = delete;

  // What it lies over; null for none.
  const MemoryImage* base() const { return base_.get(); }
  const std::string& notes() const { return notes_; }
  std::size_t memory_size() const { return memory_size_; }
  // Bytes of the pages that it has of its own.
  std::size_t pages_size() const { return pages_size_; }
  // Of what the file holds behind its header.
  uint32_t checksum() const { return checksum_; }
  // Of the first `pages` of a memory, those that are not what this image, which has no base, makes of them. "", or the system's reason.
  std::string FindDifferent(const char* memory, std::size_t pages, std::vector<bool>* different) const;

  // Makes private anonymous memory, of memory_size() bytes from a page's start, what was written. "", or the system's reason; then the
  // memory is neither what it was nor what was written.
  std::string MapOver(void* memory) const;
  // The same for a memory of `size` bytes, at least memory_size(), that has the base of this image mapped, and was written to since: pages that
  // were are filled in their place, so that they are there when they are written to again, and zeros lie behind. Nobody writes meanwhile.
  std::string PutOver(void* memory, std::size_t size) const;
  // Gives up private pages of such a memory, whose size may be larger by now, that hold what they would without: what was written, or zeros.
  // "", or the system's reason; the memory holds what it did in any case. Nobody writes to it while this is under way.
  std::string GiveEqualUp(void* memory, std::size_t size, GivenUpPages* pages) const;

 private:
  // Goes through its pages, ascending (memory_image_trim.cc).
  friend class ImagePages;

  // `file`: a memory file that gets, or has, what CopyMemoryImage() makes.
  MemoryImage(std::shared_ptr<const MemoryImage> base, int file) : base_(std::move(base)), file_(file) {}
  // Its pages, to be read; null with errno set.
  const char* Pages() const;
  // Whether a run's pages are written to the memory, and not mapped.
  bool IsCopied(const ImageRun& run) const;
  // Maps the pages of the runs alone, or copies them. "", or the system's reason.
  std::string MapRuns(char* memory) const;
  // Reads what lies before the pages. "" or why not.
  std::string Read(std::string_view key);

  const std::shared_ptr<const MemoryImage> base_;
  const OwnedFd file_;
  mutable std::once_flag read_once_;
  mutable const char* pages_ = nullptr;
  // Where in it the pages begin.
  off_t pages_offset_ = 0;
  std::vector<ImageRun> runs_;
  std::string notes_;
  std::size_t memory_size_ = 0;
  std::size_t pages_size_ = 0;
  uint32_t checksum_ = 0;
};

constexpr std::size_t kMostSharedImages = 64;
constexpr std::size_t kMostSharedBytes = std::size_t{256} << 20;

// Whether a page holds nothing but zeros.
bool IsZeroPage(const char* page);

}  // namespace blockon

#endif  // BLOCKON_JSPI_UTIL_MEMORY_IMAGE_H_
