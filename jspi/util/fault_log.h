// Where a thread's page faults were, as the system notes them down for it (perf_event_open).
//
// Owned by the thread whose faults they are. Other systems have no such log, and many containers allow none; and it is not always whole:
// faults of the kernel's own, in a system call that writes to memory, are not in it, nor are more at once than it has room for. How many there
// were the system counts otherwise, so that whoever reads it knows whether it has all.
#ifndef BLOCKON_JSPI_UTIL_FAULT_LOG_H_
#define BLOCKON_JSPI_UTIL_FAULT_LOG_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "jspi/util/owned_fd.h"

namespace blockon {

class FaultLog {
 public:
  // Faults that there is room for.
  static constexpr std::size_t kMostFaults = 4095;

  // Of the thread that makes it, as far as the system has one.
  FaultLog();
  FaultLog(const FaultLog&) = delete;
  FaultLog& operator=(const FaultLog&) = delete;
  ~FaultLog();

  bool is_there() const { return ring_ != nullptr; }
  // Forgets what there was until now.
  void Clear();
  // The addresses of the minor faults since Clear(), in their order, and nothing else. False where something else was noted; what is found then says nothing.
  bool Read(std::vector<uintptr_t>* addresses) const;

 private:
  OwnedFd event_;
  char* ring_ = nullptr;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_UTIL_FAULT_LOG_H_
