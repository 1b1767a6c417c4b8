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
__attribute__((target("sse4.2"))) uint32_t ByInstruction(const void* bytes, std::size_t size, uint32_t before) {
  const auto* at = static_cast<const unsigned char*>(bytes);
  uint64_t crc = ~before;
  for (; size >= 8; size -= 8, at += 8) {
    uint64_t word;
    std::memcpy(&word, at, sizeof word);
    crc = _mm_crc32_u64(crc, word);
  }
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
