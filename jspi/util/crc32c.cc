#include "jspi/util/crc32c.h"

#include <array>
#include <cstring>

#ifdef __x86_64__
#include <nmmintrin.h>
#endif

namespace blockon {
namespace {

constexpr uint32_t kReversedPolynomial = 0x82f63b78;

constexpr std::array<uint32_t, 256> MakeTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < table.size(); byte++) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; bit++) value = (value >> 1) ^ (value & 1 ? kReversedPolynomial : 0);
    table[byte] = value;
  }
  return table;
}

#ifdef __x86_64__
// The processor begins an instruction of these each cycle, and has its result three later: so three parts of a piece are done side by side,
// and put together at its end.
constexpr std::size_t kLane = 4096;

// What zeros behind bytes make of their checksum is linear: a word for each bit of it.
using Operator = std::array<uint32_t, 32>;

constexpr uint32_t Apply(const Operator& matrix, uint32_t value) {
  uint32_t result = 0;
  for (uint32_t column : matrix) {
    if (value & 1) result ^= column;
    value >>= 1;
  }
  return result;
}

constexpr Operator BehindLane() {
  Operator zeros{};
  // One zero bit.
  zeros[0] = kReversedPolynomial;
  for (int bit = 1; bit < 32; bit++) zeros[bit] = uint32_t{1} << (bit - 1);
  for (std::size_t bits = 1; bits < 8 * kLane; bits *= 2) {
    Operator twice{};
    for (int bit = 0; bit < 32; bit++) twice[bit] = Apply(zeros, zeros[bit]);
    zeros = twice;
  }
  return zeros;
}

constexpr Operator kBehindLane = BehindLane();

uint64_t WordAt(const unsigned char* at) {
  uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

__attribute__((target("sse4.2"))) uint32_t ByInstruction(const void* bytes, std::size_t size, uint32_t before) {
  const auto* at = static_cast<const unsigned char*>(bytes);
  uint64_t crc = ~before;
  for (; size >= 3 * kLane; size -= 3 * kLane, at += 3 * kLane) {
    uint64_t second = 0;
    uint64_t third = 0;
    for (std::size_t i = 0; i < kLane; i += 8) {
      crc = _mm_crc32_u64(crc, WordAt(at + i));
      second = _mm_crc32_u64(second, WordAt(at + kLane + i));
      third = _mm_crc32_u64(third, WordAt(at + 2 * kLane + i));
    }
    crc = Apply(kBehindLane, static_cast<uint32_t>(crc)) ^ second;
    crc = Apply(kBehindLane, static_cast<uint32_t>(crc)) ^ third;
  }
  for (; size >= 8; size -= 8, at += 8) crc = _mm_crc32_u64(crc, WordAt(at));
  for (; size > 0; size--) crc = _mm_crc32_u8(static_cast<uint32_t>(crc), *at++);
  return ~static_cast<uint32_t>(crc);
}
#endif

}  // namespace

uint32_t Crc32cByTable(const void* bytes, std::size_t size, uint32_t before) {
  static constexpr std::array<uint32_t, 256> kTable = MakeTable();
  const auto* at = static_cast<const unsigned char*>(bytes);
  uint32_t crc = ~before;
  for (; size > 0; size--) crc = (crc >> 8) ^ kTable[(crc ^ *at++) & 0xff];
  return ~crc;
}

uint32_t Crc32c(const void* bytes, std::size_t size, uint32_t before) {
#ifdef __x86_64__
  if (__builtin_cpu_supports("sse4.2")) return ByInstruction(bytes, size, before);
#endif
  return Crc32cByTable(bytes, size, before);
}

}  // namespace blockon
