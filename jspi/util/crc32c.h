// CRC-32C (Castagnoli), which x64 computes by an instruction: it tells a file that was damaged, not one that was forged.
#ifndef BLOCKON_JSPI_UTIL_CRC32C_H_
#define BLOCKON_JSPI_UTIL_CRC32C_H_

#include <cstddef>
#include <cstdint>

namespace blockon {

// Of these bytes behind others, whose checksum is `before`; 0 for none.
uint32_t Crc32c(const void* bytes, std::size_t size, uint32_t before = 0);

// The same without the instruction, for processors that have none.
uint32_t Crc32cByTable(const void* bytes, std::size_t size, uint32_t before = 0);

}  // namespace blockon

#endif  // BLOCKON_JSPI_UTIL_CRC32C_H_
