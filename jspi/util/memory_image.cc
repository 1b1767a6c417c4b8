#include "jspi/util/memory_image.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <tuple>
#include <utility>

#include "jspi/util/image_header.h"
#include "jspi/util/owned_fd.h"
#include "jspi/util/whole_file.h"

namespace blockon {
namespace {

// More than a 4 GiB memory's state and tables come to.
constexpr uint64_t kMostNotes = 64 << 20;
constexpr std::size_t kPiece = 256 << 10;

// "" or why not.
std::string CheckHeader(const ImageHeader& header, uint64_t file_size, std::string_view key, const MemoryImage* base) {
  if (std::memcmp(header.magic, kImageMagic, sizeof kImageMagic) != 0) return "it is no memory image of this version";
  if (header.checksum != header.Checksum()) return "its header is damaged";
  if (std::string_view(header.key, kImageKeySize) != key) return "it was made for another build, version or machine";
  if (header.file_size != file_size)
    return file_size < header.file_size ? "it is truncated" : "it is longer than written";
  if (header.notes_size > kMostNotes || header.memory_size % kImagePage != 0 || header.pages_offset() > file_size) {
    return "its header is damaged";
  }
  if ((header.has_base != 0) != (base != nullptr) || (base && header.base_checksum != base->checksum())) {
    return "it lies over another baseline snapshot";
  }
  if (base && header.memory_size < base->memory_size()) return "its header is damaged";
  return "";
}

std::mutex mutex;
using OpenedKey = std::tuple<std::string, std::string, const MemoryImage*>;
// Never freed: a thread may be in OpenShared() while the process ends.
auto& opened = *new std::map<OpenedKey, std::shared_ptr<const MemoryImage>>;
// Those of `opened` that have a base, in the order in which they were opened.
auto& kept = *new std::deque<OpenedKey>;
constexpr std::size_t kMostKept = 64;

}  // namespace

MemoryImage::~MemoryImage() {
  if (pages_ >= 0) close(pages_);
}

std::shared_ptr<const MemoryImage> MemoryImage::Open(const std::string& file, std::string_view key, std::string* why,
                                                     std::shared_ptr<const MemoryImage> base) {
  const OwnedFd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) {
    *why = SystemError("open");
    return nullptr;
  }
  std::shared_ptr<MemoryImage> image(new MemoryImage(std::move(base)));
  *why = image->Read(fd.get(), key);
  return why->empty() ? image : nullptr;
}

std::shared_ptr<const MemoryImage> MemoryImage::OpenShared(const std::string& file, std::string_view key,
                                                           std::string* why, std::shared_ptr<const MemoryImage> base) {
  const std::lock_guard<std::mutex> lock(mutex);
  OpenedKey name{file, std::string(key), base.get()};
  const auto found = opened.find(name);
  if (found != opened.end()) return found->second;
  const bool has_base = base != nullptr;
  std::shared_ptr<const MemoryImage> image = Open(file, key, why, std::move(base));
  if (!image) return nullptr;
  opened.emplace(name, image);
  if (!has_base) return image;
  kept.push_back(std::move(name));
  if (kept.size() > kMostKept) {
    opened.erase(kept.front());
    kept.pop_front();
  }
  return image;
}

std::string MemoryImage::Read(int file, std::string_view key) {
  struct stat status{};
  if (fstat(file, &status) != 0) return SystemError("fstat");
  ImageHeader header;
  if (std::string why = ReadAt(file, &header, sizeof header, 0); !why.empty()) return why;
  if (std::string why = CheckHeader(header, static_cast<uint64_t>(status.st_size), key, base_.get()); !why.empty())
    return why;
  // What lies before the pages, with the padding.
  std::string lead(header.pages_offset() - kImagePage, '\0');
  if (std::string why = ReadAt(file, lead.data(), lead.size(), kImagePage); !why.empty()) return why;
  runs_.resize(header.run_count);
  std::memcpy(runs_.data(), lead.data(), header.runs_size());
  notes_ = lead.substr(header.runs_size(), header.notes_size);
  memory_size_ = header.memory_size;
  checksum_ = header.body_checksum;
  uint64_t pages = 0;
  uint64_t end = 0;
  for (const ImageRun& run : runs_) {
    if (run.first < end || run.pages == 0) return "it is damaged";
    end = uint64_t{run.first} + run.pages;
    pages += run.pages;
  }
  const uint64_t size = header.file_size - header.pages_offset();
  if (end * kImagePage > memory_size_ || pages * kImagePage != size) return "it is damaged";
  return ReadPages(file, header.pages_offset(), size, Crc32c(lead.data(), lead.size()), header.body_checksum);
}

std::string MemoryImage::ReadPages(int file, uint64_t offset, std::size_t size, uint32_t checked, uint32_t expected) {
  pages_ = memfd_create("blockon-image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (pages_ < 0) return SystemError("memfd_create");
  // In pieces that stay in the processor's cache. Written and not mapped: the system need not clear a page before it is filled.
  const auto piece = std::make_unique_for_overwrite<char[]>(kPiece);
  for (std::size_t at = 0; at < size; at += kPiece) {
    const std::size_t count = std::min(kPiece, size - at);
    if (std::string why = ReadAt(file, piece.get(), count, offset + at); !why.empty()) return why;
    checked = Crc32c(piece.get(), count, checked);
    if (!WriteAll(pages_, {piece.get(), count})) return SystemError("write");
  }
  if (checked != expected) return "it is damaged";
  const int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  return fcntl(pages_, F_ADD_SEALS, seals) == 0 ? "" : SystemError("fcntl");
}

std::string MemoryImage::MapOver(void* memory) const {
  auto* const base = static_cast<char*>(memory);
  // Zeros between two runs, and behind the last one; what the image below has there.
  const std::size_t below = base_ ? base_->memory_size() / kImagePage : 0;
  const auto clear = [&](std::size_t from, std::size_t to) {
    from = std::max(from, below);
    return from >= to || madvise(base + from * kImagePage, (to - from) * kImagePage, MADV_DONTNEED) == 0;
  };
  if (base_) {
    if (std::string why = base_->MapOver(memory); !why.empty()) return why;
  }
  std::size_t behind = 0;
  off_t offset = 0;
  for (const ImageRun& run : runs_) {
    if (!clear(behind, run.first)) return SystemError("madvise");
    const std::size_t size = run.pages * kImagePage;
    void* const at = base + run.first * kImagePage;
    if (mmap(at, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, pages_, offset) != at) {
      return SystemError("mmap");
    }
    behind = std::size_t{run.first} + run.pages;
    offset += static_cast<off_t>(size);
  }
  return clear(behind, memory_size_ / kImagePage) ? "" : SystemError("madvise");
}

std::string MemoryImage::FindDifferent(const char* memory, std::size_t pages, std::vector<bool>* different) const {
  different->assign(pages, false);
  const auto compare_with_zeros = [&](std::size_t from, std::size_t to) {
    for (std::size_t page = from; page < to; page++) (*different)[page] = !IsZeroPage(memory + page * kImagePage);
  };
  std::size_t behind = 0;
  off_t offset = 0;
  for (const ImageRun& run : runs_) {
    const std::size_t end = std::size_t{run.first} + run.pages;
    if (end > pages) return "the memory is smaller than its base";
    compare_with_zeros(behind, run.first);
    const std::size_t size = run.pages * kImagePage;
    void* const at = mmap(nullptr, size, PROT_READ, MAP_SHARED, pages_, offset);
    if (at == MAP_FAILED) return SystemError("mmap");
    const auto* const own = static_cast<const char*>(at);
    for (std::size_t i = 0; i < run.pages; i++) {
      const std::size_t page = run.first + i;
      (*different)[page] = std::memcmp(memory + page * kImagePage, own + i * kImagePage, kImagePage) != 0;
    }
    munmap(at, size);
    behind = end;
    offset += static_cast<off_t>(size);
  }
  compare_with_zeros(behind, pages);
  return "";
}

}  // namespace blockon
