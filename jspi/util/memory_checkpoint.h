// What a live linear memory held at one moment, and the way back to it.
//
//   Take()      private pages are copied into a sealed memory file (memfd) and mapped from it, copy-on-write, in their own place:
//               no page is private then, and whatever becomes private was written to later
//   Restore()   finds the private pages. One that was written to now and then is given up, and reads as it did at the checkpoint, from
//               whatever is mapped there: the memory file, the image of a snapshot, or nothing, which is zeros. A copy-on-write fault
//               costs some microseconds, so of pages that are written to now and again a copy is kept, and put back each time.
//
// After Restore() the private pages are those with copies, and the first write to any other is a page fault. So where the thread has had
// none since (page_faults.h), and no other has written, nobody needs to look for private pages; and where it had few, and the system says at which
// pages, at these alone. To look for all walks the page table, which costs some hundred times what the copies do.
//
// A memory may grow in its place, and never shrinks: what lies behind its size at the checkpoint is zeros after Restore(), as new
// pages are. Linux; elsewhere there is no checkpoint.
//
// Owned by one thread, which is also the only one that writes to the memory while it is in here. What others wrote meanwhile Restore() is
// to be told of.
#ifndef BLOCKON_JSPI_UTIL_MEMORY_CHECKPOINT_H_
#define BLOCKON_JSPI_UTIL_MEMORY_CHECKPOINT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "jspi/util/page_faults.h"
#include "jspi/util/page_runs.h"

namespace blockon {

struct RestoredPages {
  std::size_t copied = 0;
  std::size_t dropped = 0;
  // Nobody had to look for them, or only where there were page faults.
  bool is_known = false;
  bool is_logged = false;
};

class MemoryCheckpoint {
 public:
  // Pages of which a copy is kept at most.
  static constexpr std::size_t kMostCopies = 4096;
  // Whether a copy is needed is looked at in one of so many restores: to compare a page with it takes longer than to copy it, as each takes
  // what the processor needs to get at both.
  static constexpr std::size_t kRestoresToLook = 8;
  // One that was not needed so often in a row, when it was looked at, is given up. A page may have been written to all the same, and hold what
  // it did: reference counts do. So that takes twice as often each time that the page is written to again.
  static constexpr uint16_t kMostUnneeded = 12;
  static constexpr unsigned char kMostDoublings = 5;

  // Of `size` bytes from a page's start, which are private memory. Null with `*why`; the memory holds what it did in any case.
  static std::unique_ptr<MemoryCheckpoint> Take(void* memory, std::size_t size, std::string* why);

  MemoryCheckpoint(const MemoryCheckpoint&) = delete;
  MemoryCheckpoint& operator=(const MemoryCheckpoint&) = delete;

  std::size_t size() const { return size_; }

  // `memory` must be where it was, `size` what it has grown to. "", or why not: then the memory is neither what it was nor what it is to be.
  // `others_wrote` if other threads may have written to it since it was taken or restored.
  std::string Restore(void* memory, std::size_t size, bool others_wrote, RestoredPages* pages);

 private:
  // From the start of a line of the processor's cache, as the page is.
  struct alignas(64) PageBytes {
    char bytes[kMemoryPage];
  };
  struct Copy {
    uint32_t page;
    // How often in a row it was what the page held, when it was looked at.
    uint16_t unneeded;
    std::unique_ptr<PageBytes> kept;
  };

  MemoryCheckpoint(char* memory, std::size_t size)
      : memory_(memory), size_(size), last_size_(size), times_(size / kMemoryPage), doublings_(times_.size()) {}
  // Of those pages, or of all if there are none, to runs_.
  std::string FindPrivate(std::size_t size, const std::vector<PageRun>* where);
  // Those of runs_ that have no copy.
  std::string DropPrivatePages(RestoredPages* pages);
  // Whether some are unneeded now.
  bool PutCopiesBack();
  // Whether it was not needed for long enough.
  bool IsUnneeded(const Copy& copy) const { return copy.unneeded >= kMostUnneeded << doublings_[copy.page]; }
  std::string GiveUnneededUp();
  bool Drop(std::size_t first, std::size_t pages) const;
  void KeepCopy(std::size_t page);

  char* const memory_;
  const std::size_t size_;
  // What it had grown to when it was restored.
  std::size_t last_size_;
  // By page: how often it was given up, as far as it counts, or kCopied.
  std::vector<unsigned char> times_;
  // By page: how often a copy was given up, as far as it counts.
  std::vector<unsigned char> doublings_;
  std::vector<Copy> copies_;
  // Those whose turn it is are looked at.
  std::size_t turn_ = 0;
  std::vector<PageRun> runs_;
  PageFaults faults_;
  std::vector<PageRun> faulted_;
  std::vector<PageRun> found_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_UTIL_MEMORY_CHECKPOINT_H_
