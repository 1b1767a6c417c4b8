// As long as it lives, the process gets so many bytes more and no further ones: what asks for them has to bear that there are none.
#ifndef BLOCKON_CTESTS_ENGINE_LITTLE_MEMORY_H_
#define BLOCKON_CTESTS_ENGINE_LITTLE_MEMORY_H_

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstddef>
#include <fstream>
#include <string>

namespace blockon {

class LittleMemory {
 public:
  explicit LittleMemory(size_t bytes) {
    EXPECT_EQ(getrlimit(RLIMIT_DATA, &before_), 0);
    rlimit now = before_;
    now.rlim_cur = Used() + bytes;
    EXPECT_EQ(setrlimit(RLIMIT_DATA, &now), 0);
  }
  ~LittleMemory() { EXPECT_EQ(setrlimit(RLIMIT_DATA, &before_), 0); }
  LittleMemory(const LittleMemory&) = delete;
  LittleMemory& operator=(const LittleMemory&) = delete;

 private:
  // What the limit is compared with.
  static size_t Used() {
    std::ifstream status("/proc/self/status");
    std::string word;
    size_t kib = 0;
    while (status >> word && word != "VmData:") {
    }
    status >> kib;
    EXPECT_GT(kib, 0u);
    return kib * 1024;
  }

  rlimit before_{};
};

}  // namespace blockon

#endif  // BLOCKON_CTESTS_ENGINE_LITTLE_MEMORY_H_
