// Whether this thread had a page fault since a moment, without which it has written to no page that it had not for itself before; and where, if
// the system tells.
//
// Its own in system calls count as well; other threads' do not, of which a server has many, always with faults of their own: what they write
// is to be known otherwise. Where faults are not counted (some sandboxes show 0) that is found out once, by one that is made for it, and there
// are always taken to be some.
#ifndef BLOCKON_JSPI_UTIL_PAGE_FAULTS_H_
#define BLOCKON_JSPI_UTIL_PAGE_FAULTS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "jspi/util/fault_log.h"
#include "jspi/util/page_runs.h"

namespace blockon {

class PageFaults {
 public:
  void Begin();
  // Of the thread that has called Begin(), since then. False before it.
  bool HadNone() const;
  // Replaces `*runs` by the pages of `size` bytes from a page's start where it had faults since Begin(), ascending: it may have read them, too. False
  // where there may be others.
  bool Find(const void* memory, std::size_t size, std::vector<PageRun>* runs);

  // Whether the system counts them.
  static bool AreCounted();

  struct Counts {
    long minor;
    long major;
    bool operator==(const Counts&) const = default;
  };

 private:
  std::optional<Counts> before_;
  FaultLog log_;
  std::vector<uintptr_t> addresses_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_UTIL_PAGE_FAULTS_H_
