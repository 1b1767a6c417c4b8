#include "jspi/util/memory_checkpoint.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "jspi/util/owned_fd.h"
#include "jspi/util/sealed_copy.h"
#include "jspi/util/whole_file.h"

namespace blockon {
namespace {

// Pages that are copied along rather than begin another run: each is a mapping, and a process has 65,530 at most.
constexpr std::size_t kBridgedPages = 16;
// Runs of pages that are looked at one by one; the whole page table takes no longer than more of them.
constexpr std::size_t kMostFaultedRuns = 256;
// How often a page is given up until a copy of it is kept.
constexpr unsigned char kTimesUntilCopied = 2;
constexpr unsigned char kCopied = 255;

// Joins runs that lie close.
void Bridge(std::vector<PageRun>* runs) {
  std::size_t kept = 0;
  for (std::size_t i = 1; i < runs->size(); i++) {
    PageRun& last = (*runs)[kept];
    const PageRun& next = (*runs)[i];
    if (next.first - (last.first + last.pages) <= kBridgedPages) {
      last.pages = next.first + next.pages - last.first;
    } else {
      (*runs)[++kept] = next;
    }
  }
  if (!runs->empty()) runs->resize(kept + 1);
}

// Where pages are huge, the system makes private what nobody has written to, with no page fault: all of what lies around one page, when it
// likes. False where it cannot be told not to; a kernel that has no huge pages does not know the advice.
bool KeepPagesSmall(char* memory, std::size_t size) {
  return madvise(memory, size, MADV_NOHUGEPAGE) == 0 || errno == EINVAL;
}

// A memory file with what these runs hold, each at its place. Negative with `*why`.
int WriteRuns(const char* memory, std::size_t size, const std::vector<PageRun>& runs, std::string* why) {
  const int file = NewMemoryFile("blockon-checkpoint");
  if (file < 0) {
    *why = SystemError("memfd_create");
    return -1;
  }
  bool is_good = ftruncate(file, static_cast<off_t>(size)) == 0;
  for (std::size_t i = 0; is_good && i < runs.size(); i++) {
    const std::size_t from = runs[i].first * kMemoryPage;
    is_good = lseek(file, static_cast<off_t>(from), SEEK_SET) >= 0 &&
              WriteAll(file, {memory + from, runs[i].pages * kMemoryPage});
  }
  if (is_good && Seal(file)) return file;
  *why = SystemError("write");
  close(file);
  return -1;
}

}  // namespace

std::unique_ptr<MemoryCheckpoint> MemoryCheckpoint::Take(void* memory, std::size_t size, std::string* why) {
  auto* const base = static_cast<char*>(memory);
  if (reinterpret_cast<uintptr_t>(base) % kMemoryPage != 0 || size % kMemoryPage != 0) {
    *why = "it does not begin and end with a page";
    return nullptr;
  }
  std::unique_ptr<MemoryCheckpoint> checkpoint(new MemoryCheckpoint(base, size));
  std::vector<PageRun>& runs = checkpoint->runs_;
  *why = FindPrivatePages(base, size, &runs);
  if (!why->empty()) return nullptr;
  Bridge(&runs);
  const OwnedFd file(WriteRuns(base, size, runs, why));
  if (file.get() < 0) return nullptr;
  for (const PageRun& run : runs) {
    const std::size_t from = run.first * kMemoryPage;
    void* const at = base + from;
    if (mmap(at, run.pages * kMemoryPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, file.get(),
             static_cast<off_t>(from)) != at) {
      *why = SystemError("mmap");
      return nullptr;
    }
  }
  if (!KeepPagesSmall(base, size)) {
    *why = SystemError("madvise");
    return nullptr;
  }
  // None is private now.
  checkpoint->faults_.Begin();
  return checkpoint;
}

bool MemoryCheckpoint::Drop(std::size_t first, std::size_t pages) const {
  return madvise(memory_ + first * kMemoryPage, pages * kMemoryPage, MADV_DONTNEED) == 0;
}

void MemoryCheckpoint::KeepCopy(std::size_t page) {
  auto kept = std::make_unique_for_overwrite<PageBytes>();
  std::memcpy(kept->bytes, memory_ + page * kMemoryPage, kMemoryPage);
  copies_.push_back({.page = static_cast<uint32_t>(page), .unneeded = 0, .kept = std::move(kept)});
  times_[page] = kCopied;
}

std::string MemoryCheckpoint::FindPrivate(std::size_t size, const std::vector<PageRun>* where) {
  if (!where) return FindPrivatePages(memory_, size, &runs_);
  runs_.clear();
  for (const PageRun& run : *where) {
    const std::size_t from = run.first * kMemoryPage;
    if (std::string why = FindPrivatePages(memory_ + from, run.pages * kMemoryPage, &found_); !why.empty()) return why;
    for (const PageRun& found : found_) runs_.push_back({.first = run.first + found.first, .pages = found.pages});
  }
  return "";
}

std::string MemoryCheckpoint::DropPrivatePages(RestoredPages* pages) {
  const std::size_t end = size_ / kMemoryPage;
  for (const PageRun& run : runs_) {
    const std::size_t behind = std::size_t{run.first} + run.pages;
    // Those from `given_up` up to `page` are to be dropped, all at once.
    std::size_t given_up = run.first;
    const auto drop = [&](std::size_t page) {
      pages->dropped += page - given_up;
      return given_up == page || Drop(given_up, page - given_up);
    };
    for (std::size_t page = run.first; page < behind && page < end; page++) {
      if (times_[page] != kCopied) continue;
      if (!drop(page)) return SystemError("madvise");
      given_up = page + 1;
    }
    if (!drop(behind)) return SystemError("madvise");
  }
  for (const PageRun& run : runs_) {
    for (std::size_t page = run.first; page < std::size_t{run.first} + run.pages && page < end; page++) {
      if (times_[page] == kCopied || copies_.size() >= kMostCopies) continue;
      if (++times_[page] == kTimesUntilCopied) KeepCopy(page);
    }
  }
  return "";
}

bool MemoryCheckpoint::PutCopiesBack() {
  bool some_are_unneeded = false;
  turn_ = (turn_ + 1) % kRestoresToLook;
  for (std::size_t i = 0; i < copies_.size(); i++) {
    Copy& copy = copies_[i];
    char* const page = memory_ + copy.page * kMemoryPage;
    if (i % kRestoresToLook == turn_) {
      const bool is_same = std::memcmp(page, copy.kept->bytes, kMemoryPage) == 0;
      copy.unneeded = is_same ? copy.unneeded + 1 : 0;
      some_are_unneeded |= IsUnneeded(copy);
      if (is_same) continue;
    }
    std::memcpy(page, copy.kept->bytes, kMemoryPage);
  }
  return some_are_unneeded;
}

std::string MemoryCheckpoint::GiveUnneededUp() {
  for (const Copy& copy : copies_) {
    if (!IsUnneeded(copy)) continue;
    if (!Drop(copy.page, 1)) return SystemError("madvise");
    times_[copy.page] = 0;
  }
  const auto given_up = std::ranges::partition(copies_, [this](const Copy& copy) { return !IsUnneeded(copy); });
  for (const Copy& copy : given_up) {
    unsigned char& doublings = doublings_[copy.page];
    if (doublings < kMostDoublings) doublings++;
  }
  copies_.erase(given_up.begin(), given_up.end());
  return "";
}

std::string MemoryCheckpoint::Restore(void* memory, std::size_t size, bool others_wrote, RestoredPages* pages) {
  if (memory != memory_) return "the memory is at another address";
  if (size < last_size_ || size % kMemoryPage != 0) return "the memory is smaller than it was";
  *pages = {.copied = copies_.size(), .is_known = !others_wrote && size == last_size_ && faults_.HadNone()};
  if (!pages->is_known) {
    if (size > last_size_ && !KeepPagesSmall(memory_ + last_size_, size - last_size_)) return SystemError("madvise");
    pages->is_logged = !others_wrote && size == last_size_ && faults_.Find(memory_, size, &faulted_) &&
                       faulted_.size() <= kMostFaultedRuns;
    if (std::string why = FindPrivate(size, pages->is_logged ? &faulted_ : nullptr); !why.empty()) return why;
    if (std::string why = DropPrivatePages(pages); !why.empty()) return why;
    last_size_ = size;
  }
  if (PutCopiesBack()) {
    if (std::string why = GiveUnneededUp(); !why.empty()) return why;
  }
  faults_.Begin();
  return "";
}

}  // namespace blockon
