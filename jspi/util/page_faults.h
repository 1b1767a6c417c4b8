// Whether this thread had a page fault since a moment: without one it has written to no page that it had not for itself before.
//
// The system counts the faults of each thread, its own in system calls too. Where they are not counted (some sandboxes show 0) that is found
// out once, by a fault that is made for it, and a thread is then always taken to have had some.
#ifndef BLOCKON_JSPI_UTIL_PAGE_FAULTS_H_
#define BLOCKON_JSPI_UTIL_PAGE_FAULTS_H_

#include <cstdint>
#include <optional>

namespace blockon {

class PageFaults {
 public:
  void Begin();
  // Of the thread that has called Begin(). False before it has.
  bool HadNone() const;

  // Whether the system counts them.
  static bool AreCounted();

 private:
  std::optional<uint64_t> before_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_UTIL_PAGE_FAULTS_H_
