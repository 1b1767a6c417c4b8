#include "jspi/util/memory_image.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <list>
#include <mutex>
#include <utility>

#include "jspi/util/handed_files.h"
#include "jspi/util/image_header.h"
#include "jspi/util/owned_fd.h"
#include "jspi/util/page_runs.h"
#include "jspi/util/sealed_copy.h"
#include "jspi/util/whole_file.h"

namespace blockon {
namespace {

// More than a 4 GiB memory's state and tables come to.
constexpr uint64_t kMostNotes = 64 << 20;
// Pages of zeros in a row that are written, so that they are there; more are given back.
constexpr std::size_t kMostCleared = 64;
// Of an image over another one, runs of so few pages are copied: a mapping takes as long as some pages that are written to, which the memory may have
// already, and most of these are the heads of what grows.
constexpr uint32_t kMostCopied = 4;

// "" or why not.
std::string CheckFile(const ImageHeader& header, uint64_t file_size) {
  if (std::memcmp(header.magic, kImageMagic, sizeof kImageMagic) != 0) return "it is no memory image of this version";
  if (header.checksum != header.Checksum()) return "its header is damaged";
  if (header.file_size != file_size)
    return file_size < header.file_size ? "it is truncated" : "it is longer than written";
  if (header.notes_size > kMostNotes || header.memory_size % kImagePage != 0 || header.pages_offset() > file_size) {
    return "its header is damaged";
  }
  return "";
}

// "" or why not.
std::string CheckFit(const ImageHeader& header, std::string_view key, const MemoryImage* base) {
  if (std::string_view(header.key, kImageKeySize) != key) return "it was made for another build, version or machine";
  if ((header.has_base != 0) != (base != nullptr) || (base && header.base_checksum != base->checksum())) {
    return "it lies over another baseline snapshot";
  }
  return base && header.memory_size < base->memory_size() ? "its header is damaged" : "";
}

struct Opened {
  std::string file;
  std::string key;
  const MemoryImage* base;
  bool lasts;
  std::shared_ptr<const MemoryImage> image;
};

std::mutex mutex;
// The last that was asked for first. Never freed: a thread may be in OpenShared() while the process ends.
auto& opened = *new std::list<Opened>;

// Of those that do not last, but for the first, which is asked for now.
void ForgetTheLast() {
  std::size_t bytes = 0;
  std::size_t count = 0;
  std::erase_if(opened, [&](const Opened& each) {
    if (each.lasts) return false;
    bytes += each.image->pages_size();
    return ++count > 1 && (count > kMostSharedImages || bytes > kMostSharedBytes);
  });
}

// Reads the header of an image's file, and compares what is said of the file itself. "" or why not.
std::string ReadHeader(int file, ImageHeader* header) {
  struct stat status{};
  if (fstat(file, &status) != 0) return SystemError("fstat");
  if (std::string why = ReadAt(file, header, sizeof *header, 0); !why.empty()) return why;
  return CheckFile(*header, static_cast<uint64_t>(status.st_size));
}

}  // namespace

std::string CopyMemoryImage(int file, int memory) {
  ImageHeader header;
  if (std::string why = ReadHeader(file, &header); !why.empty()) return why;
  std::string why = CopySealed(file, header.file_size, kImagePage, header.body_checksum, memory);
  ImageHeader copied;
  if (why.empty()) why = ReadAt(memory, &copied, sizeof copied, 0);
  // Somebody may write to the file meanwhile, and the checksum is that of the header which was read.
  return why.empty() && std::memcmp(&header, &copied, sizeof header) != 0 ? "it is damaged" : why;
}

std::shared_ptr<const MemoryImage> MemoryImage::Open(const std::string& file, std::string_view key, std::string* why,
                                                     std::shared_ptr<const MemoryImage> base) {
  if (const int handed = HandedFile(key); handed >= 0) {
    const std::shared_ptr<MemoryImage> image(new MemoryImage(base, handed));
    if (image->Read(key).empty()) return image;
  }
  const OwnedFd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) {
    *why = SystemError("open");
    return nullptr;
  }
  ImageHeader header;
  *why = ReadHeader(fd.get(), &header);
  if (why->empty()) *why = CheckFit(header, key, base.get());
  if (!why->empty()) return nullptr;
  const int memory = NewMemoryFile();
  if (memory < 0) {
    *why = SystemError("memfd_create");
    return nullptr;
  }
  const std::shared_ptr<MemoryImage> image(new MemoryImage(std::move(base), memory));
  *why = CopyMemoryImage(fd.get(), memory);
  if (why->empty()) *why = image->Read(key);
  return why->empty() ? image : nullptr;
}

std::shared_ptr<const MemoryImage> MemoryImage::OpenShared(const std::string& file, std::string_view key,
                                                           std::string* why, bool lasts,
                                                           std::shared_ptr<const MemoryImage> base) {
  const std::lock_guard<std::mutex> lock(mutex);
  const MemoryImage* const below = base.get();
  const auto found = std::find_if(opened.begin(), opened.end(), [&](const Opened& each) {
    return each.file == file && each.key == key && each.base == below;
  });
  if (found != opened.end()) {
    opened.splice(opened.begin(), opened, found);
    return found->image;
  }
  std::shared_ptr<const MemoryImage> image = Open(file, key, why, std::move(base));
  if (!image) return nullptr;
  opened.push_front({file, std::string(key), below, lasts, image});
  ForgetTheLast();
  return image;
}

std::string MemoryImage::Read(std::string_view key) {
  const int memory = file_.get();
  if (!IsSealed(memory)) return "it is not sealed";
  ImageHeader header;
  if (std::string why = ReadHeader(memory, &header); !why.empty()) return why;
  if (std::string why = CheckFit(header, key, base_.get()); !why.empty()) return why;
  // What lies before the pages, without the padding.
  std::string lead(header.runs_size() + header.notes_size, '\0');
  if (std::string why = ReadAt(memory, lead.data(), lead.size(), kImagePage); !why.empty()) return why;
  runs_.resize(header.run_count);
  std::memcpy(runs_.data(), lead.data(), header.runs_size());
  notes_ = lead.substr(header.runs_size());
  memory_size_ = header.memory_size;
  checksum_ = header.body_checksum;
  pages_offset_ = static_cast<off_t>(header.pages_offset());
  uint64_t pages = 0;
  uint64_t end = 0;
  for (const ImageRun& run : runs_) {
    if (run.first < end || run.pages == 0) return "it is damaged";
    end = uint64_t{run.first} + run.pages;
    pages += run.pages;
  }
  const uint64_t size = header.file_size - header.pages_offset();
  pages_size_ = size;
  return end * kImagePage > memory_size_ || pages * kImagePage != size ? "it is damaged" : "";
}

bool MemoryImage::IsCopied(const ImageRun& run) const { return base_ && run.pages <= kMostCopied; }

std::string MemoryImage::MapRuns(char* memory) const {
  const char* const pages = base_ && !runs_.empty() ? Pages() : nullptr;
  if (base_ && !runs_.empty() && !pages) return SystemError("mmap");
  off_t offset = pages_offset_;
  for (const ImageRun& run : runs_) {
    const std::size_t size = run.pages * kImagePage;
    void* const at = memory + run.first * kImagePage;
    if (IsCopied(run)) {
      std::memcpy(at, pages + (offset - pages_offset_), size);
    } else if (mmap(at, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, file_.get(), offset) !=
               at) {
      return SystemError("mmap");
    }
    offset += static_cast<off_t>(size);
  }
  return "";
}

std::string MemoryImage::MapOver(void* memory) const {
  auto* const start = static_cast<char*>(memory);
  // Zeros between two runs, and behind the last one; what the image below has there.
  std::size_t behind = base_ ? base_->memory_size() / kImagePage : 0;
  const auto clear = [&](std::size_t to) {
    return behind >= to || madvise(start + behind * kImagePage, (to - behind) * kImagePage, MADV_DONTNEED) == 0;
  };
  if (base_) {
    if (std::string why = base_->MapOver(memory); !why.empty()) return why;
  }
  for (const ImageRun& run : runs_) {
    if (!clear(run.first)) return SystemError("madvise");
    behind = std::max(behind, std::size_t{run.first} + run.pages);
  }
  return clear(memory_size_ / kImagePage) ? MapRuns(start) : SystemError("madvise");
}

MemoryImage::~MemoryImage() {
  if (pages_) munmap(const_cast<char*>(pages_), pages_size_);
}

const char* MemoryImage::Pages() const {
  std::call_once(read_once_, [this] {
    void* const at = mmap(nullptr, pages_size_, PROT_READ, MAP_SHARED, file_.get(), pages_offset_);
    if (at != MAP_FAILED) pages_ = static_cast<const char*>(at);
  });
  return pages_;
}

std::string MemoryImage::PutOver(void* memory, std::size_t size) const {
  auto* const start = static_cast<char*>(memory);
  if (!base_ || size < memory_size_) return "it lies over nothing, or the memory is smaller";
  const char* const below = base_->Pages();
  if (!below && base_->pages_size_ > 0) return SystemError("mmap");
  std::vector<PageRun> written;
  if (!FindPrivatePages(memory, size, &written).empty()) {
    // The system does not tell: all of it, then.
    if (madvise(start + memory_size_, size - memory_size_, MADV_DONTNEED) != 0) return SystemError("madvise");
    return MapOver(memory);
  }
  // All three ascend, so that none is looked at twice.
  auto own = runs_.begin();
  auto under = base_->runs_.begin();
  std::size_t under_at = 0;
  for (const PageRun& run : written) {
    const std::size_t end = std::size_t{run.first} + run.pages;
    for (std::size_t page = run.first; page < end;) {
      while (own != runs_.end() && std::size_t{own->first} + own->pages <= page) own++;
      // These are mapped or copied anew.
      if (own != runs_.end() && own->first <= page) {
        page = std::size_t{own->first} + own->pages;
        continue;
      }
      while (under != base_->runs_.end() && std::size_t{under->first} + under->pages <= page) {
        under_at += under->pages;
        under++;
      }
      std::size_t to = own == runs_.end() ? end : std::min<std::size_t>(end, own->first);
      const bool is_under = under != base_->runs_.end() && under->first <= page;
      if (is_under) {
        to = std::min(to, std::size_t{under->first} + under->pages);
      } else if (under != base_->runs_.end()) {
        to = std::min<std::size_t>(to, under->first);
      }
      char* const at = start + page * kImagePage;
      const std::size_t bytes = (to - page) * kImagePage;
      if (is_under) {
        std::memcpy(at, below + (under_at + page - under->first) * kImagePage, bytes);
      } else if (to - page <= kMostCleared) {
        std::memset(at, 0, bytes);
      } else if (madvise(at, bytes, MADV_DONTNEED) != 0) {
        return SystemError("madvise");
      }
      page = to;
    }
  }
  return MapRuns(start);
}

std::string MemoryImage::FindDifferent(const char* memory, std::size_t pages, std::vector<bool>* different) const {
  different->assign(pages, false);
  const auto compare_with_zeros = [&](std::size_t from, std::size_t to) {
    for (std::size_t page = from; page < to; page++) (*different)[page] = !IsZeroPage(memory + page * kImagePage);
  };
  std::size_t behind = 0;
  off_t offset = pages_offset_;
  for (const ImageRun& run : runs_) {
    const std::size_t end = std::size_t{run.first} + run.pages;
    if (end > pages) return "the memory is smaller than its base";
    compare_with_zeros(behind, run.first);
    const std::size_t size = run.pages * kImagePage;
    void* const at = mmap(nullptr, size, PROT_READ, MAP_SHARED, file_.get(), offset);
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
