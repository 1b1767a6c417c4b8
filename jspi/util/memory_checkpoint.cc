#include "jspi/util/memory_checkpoint.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "jspi/util/owned_fd.h"
#include "jspi/util/whole_file.h"

namespace blockon {
namespace {

// Pages that are copied along rather than begin another run: each is a mapping, and a process has 65,530 at most.
constexpr std::size_t kBridgedPages = 16;
// How often a page is given up until a copy of it is kept.
constexpr unsigned char kTimesUntilCopied = 2;

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

// A memory file with what these runs hold, each at its place. Negative with `*why`.
int WriteRuns(const char* memory, std::size_t size, const std::vector<PageRun>& runs, std::string* why) {
  const int file = memfd_create("blockon-checkpoint", MFD_CLOEXEC | MFD_ALLOW_SEALING);
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
  const int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  if (is_good && fcntl(file, F_ADD_SEALS, seals) == 0) return file;
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
  return checkpoint;
}

bool MemoryCheckpoint::Drop(std::size_t first, std::size_t pages) const {
  return madvise(memory_ + first * kMemoryPage, pages * kMemoryPage, MADV_DONTNEED) == 0;
}

void MemoryCheckpoint::KeepCopy(std::size_t page) {
  auto copy = std::make_unique_for_overwrite<char[]>(kMemoryPage);
  std::memcpy(copy.get(), memory_ + page * kMemoryPage, kMemoryPage);
  copies_.push_back(std::move(copy));
  places_[page] = static_cast<uint32_t>(copies_.size());
}

std::string MemoryCheckpoint::Restore(void* memory, std::size_t size, RestoredPages* pages) {
  if (memory != memory_) return "the memory is at another address";
  if (size < size_ || size % kMemoryPage != 0) return "the memory is smaller than it was";
  if (std::string why = FindPrivatePages(memory_, size, &runs_); !why.empty()) return why;
  *pages = {};
  const std::size_t end = size_ / kMemoryPage;
  for (const PageRun& run : runs_) {
    const std::size_t behind = std::size_t{run.first} + run.pages;
    // Those from `given_up` up to `page` are to be dropped, all at once.
    std::size_t given_up = run.first;
    std::size_t page = run.first;
    const auto drop = [&] {
      pages->dropped += page - given_up;
      return given_up == page || Drop(given_up, page - given_up);
    };
    for (; page < behind && page < end; page++) {
      const uint32_t place = places_[page];
      if (place == 0) continue;
      if (!drop()) return SystemError("madvise");
      std::memcpy(memory_ + page * kMemoryPage, copies_[place - 1].get(), kMemoryPage);
      pages->copied++;
      given_up = page + 1;
    }
    page = behind;
    if (!drop()) return SystemError("madvise");
  }
  for (const PageRun& run : runs_) {
    for (std::size_t page = run.first; page < std::size_t{run.first} + run.pages && page < end; page++) {
      if (places_[page] != 0 || copies_.size() >= kMostCopies) continue;
      if (++times_[page] == kTimesUntilCopied) KeepCopy(page);
    }
  }
  return "";
}

}  // namespace blockon
