// Private pages of a memory that are again what the image holds: reference counts that went up and down, a stack that was cleared. The
// system then has the memory read the image's page, which all have, or the page of zeros.
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "jspi/util/memory_image.h"
#include "jspi/util/page_runs.h"
#include "jspi/util/whole_file.h"

namespace blockon {
namespace {

// So many pages of an image are read at once.
constexpr std::size_t kPagesAtOnce = 16;

// Pages in a row that come from one place; of no file those that are zeros.
struct PagesFrom {
  int file = -1;
  off_t offset = 0;
  std::size_t pages;
  // They are the memory's own: below them is something else.
  bool is_copied = false;
};

}  // namespace

class ImagePages {
 public:
  explicit ImagePages(const MemoryImage& image) : image_(image), offset_(image.pages_offset_) {
    if (image.base_) below_ = std::make_unique<ImagePages>(*image.base_);
  }

  // What is mapped at `page`, which is none before the last one, and where that ends; `most` pages of it.
  PagesFrom At(std::size_t page, std::size_t most) {
    const auto& runs = image_.runs_;
    while (run_ < runs.size() && std::size_t{runs[run_].first} + runs[run_].pages <= page) {
      offset_ += static_cast<off_t>(runs[run_].pages * kImagePage);
      run_++;
    }
    if (run_ == runs.size()) return Below(page, most);
    const ImageRun& run = runs[run_];
    if (page < run.first) return Below(page, std::min(most, run.first - page));
    const std::size_t inside = page - run.first;
    return {.file = image_.file_.get(),
            .offset = offset_ + static_cast<off_t>(inside * kImagePage),
            .pages = std::min<std::size_t>(most, run.pages - inside),
            .is_copied = image_.IsCopied(run)};
  }

 private:
  PagesFrom Below(std::size_t page, std::size_t most) {
    return below_ ? below_->At(page, most) : PagesFrom{.pages = most};
  }

  const MemoryImage& image_;
  std::unique_ptr<ImagePages> below_;
  // The first that does not end before the page which was asked for last, and where its pages are in the file.
  std::size_t run_ = 0;
  off_t offset_;
};

std::string MemoryImage::GiveEqualUp(void* memory, std::size_t size, GivenUpPages* pages) const {
  auto* const base = static_cast<char*>(memory);
  std::vector<PageRun> runs;
  if (std::string why = FindPrivatePages(base, size, &runs); !why.empty()) return why;
  ImagePages images(*this);
  const auto bytes = std::make_unique_for_overwrite<char[]>(kPagesAtOnce * kImagePage);
  *pages = {};
  for (const PageRun& run : runs) {
    const std::size_t end = std::size_t{run.first} + run.pages;
    // Those from `equal` up to `page` are to be given up, all at once.
    std::size_t equal = run.first;
    const auto give_up = [&](std::size_t page) {
      pages->given_up += page - equal;
      return equal == page || madvise(base + equal * kImagePage, (page - equal) * kImagePage, MADV_DONTNEED) == 0;
    };
    for (std::size_t page = run.first; page < end;) {
      const PagesFrom from = images.At(page, std::min(end - page, kPagesAtOnce));
      if (from.is_copied) {
        if (!give_up(page)) return SystemError("madvise");
        pages->kept += from.pages;
        page += from.pages;
        equal = page;
        continue;
      }
      if (from.file >= 0) {
        if (std::string why = ReadAt(from.file, bytes.get(), from.pages * kImagePage, from.offset); !why.empty())
          return why;
      }
      for (std::size_t i = 0; i < from.pages; i++, page++) {
        const char* const held = base + page * kImagePage;
        if (from.file < 0 ? IsZeroPage(held) : std::memcmp(held, bytes.get() + i * kImagePage, kImagePage) == 0)
          continue;
        if (!give_up(page)) return SystemError("madvise");
        pages->kept++;
        equal = page + 1;
      }
    }
    if (!give_up(end)) return SystemError("madvise");
  }
  return "";
}

}  // namespace blockon
