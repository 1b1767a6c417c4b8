// Whether the process had a page fault since a moment: without one it has written to no page that it had not for itself before.
//
// Of all its threads, since others write to an interpreter's memory, too (slice_clock.h, thread_meter.h), and in system calls as well. Where
// they are not counted (some sandboxes show 0) that is found out once, by a fault that is made for it, and there are always taken to be some.
#ifndef BLOCKON_JSPI_UTIL_PAGE_FAULTS_H_
#define BLOCKON_JSPI_UTIL_PAGE_FAULTS_H_

#include <cstdint>
#include <optional>

namespace blockon {

class PageFaults {
 public:
  void Begin();
  // Since Begin(). False before it.
  bool HadNone() const;

  // Whether the system counts them.
  static bool AreCounted();

 private:
  std::optional<uint64_t> before_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_UTIL_PAGE_FAULTS_H_
