// Whether this thread had a page fault since a moment: without one it has written to no page that it had not for itself before.
//
// Its own in system calls count as well; other threads' do not, of which a server has many, always with faults of their own: what they write
// is to be known otherwise. Where faults are not counted (some sandboxes show 0) that is found out once, by one that is made for it, and there
// are always taken to be some.
#ifndef BLOCKON_JSPI_UTIL_PAGE_FAULTS_H_
#define BLOCKON_JSPI_UTIL_PAGE_FAULTS_H_

#include <cstdint>
#include <optional>

namespace blockon {

class PageFaults {
 public:
  void Begin();
  // Of the thread that has called Begin(), since then. False before it.
  bool HadNone() const;

  // Whether the system counts them.
  static bool AreCounted();

 private:
  std::optional<uint64_t> before_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_UTIL_PAGE_FAULTS_H_
