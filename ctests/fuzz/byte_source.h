// What a fuzz target makes of its input: a sequence of small numbers, until it is used up.
#ifndef BLOCKON_CTESTS_FUZZ_BYTE_SOURCE_H_
#define BLOCKON_CTESTS_FUZZ_BYTE_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

// Ends the process, by which libFuzzer knows that the input has found something.
#define FUZZ_CHECK(condition)                                                      \
  do {                                                                             \
    if (!(condition)) {                                                            \
      std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                \
    }                                                                              \
  } while (false)

namespace blockon {

class ByteSource {
 public:
  ByteSource(const uint8_t* data, size_t size) : data_(data), end_(data + size) {}
  bool empty() const { return data_ == end_; }
  // 0 when nothing is left.
  uint8_t Byte() { return empty() ? 0 : *data_++; }
  int Below(int limit) { return Byte() % limit; }

 private:
  const uint8_t* data_;
  const uint8_t* end_;
};

}  // namespace blockon

#endif  // BLOCKON_CTESTS_FUZZ_BYTE_SOURCE_H_
