// A file descriptor that is closed with its owner.
#ifndef BLOCKON_JSPI_UTIL_OWNED_FD_H_
#define BLOCKON_JSPI_UTIL_OWNED_FD_H_

#include <unistd.h>

namespace blockon {

class OwnedFd {
 public:
  // Negative for none.
  explicit OwnedFd(int fd) : fd_(fd) {}
  OwnedFd(const OwnedFd&) = delete;
  OwnedFd& operator=(const OwnedFd&) = delete;
  ~OwnedFd() {
    if (fd_ >= 0) close(fd_);
  }

  int get() const { return fd_; }

 private:
  const int fd_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_UTIL_OWNED_FD_H_
