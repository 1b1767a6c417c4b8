// The first page of a memory image's file (memory_image.h).
#ifndef BLOCKON_JSPI_UTIL_IMAGE_HEADER_H_
#define BLOCKON_JSPI_UTIL_IMAGE_HEADER_H_

#include <cstddef>
#include <cstdint>

#include "jspi/util/crc32c.h"
#include "jspi/util/memory_image.h"

namespace blockon {

constexpr char kImageMagic[8] = {'b', 'l', 'k', 'i', 'm', 'g', '2', '\n'};

struct ImageHeader {
  char magic[sizeof kImageMagic];
  char key[kImageKeySize];
  uint64_t file_size;
  uint64_t memory_size;
  uint64_t notes_size;
  uint32_t run_count;
  // Of all that follows the first page.
  uint32_t body_checksum;
  // The body_checksum of the image that this one lies over; has_base is 0 for none.
  uint32_t has_base;
  uint32_t base_checksum;
  // Of the header up to here.
  uint32_t checksum;

  uint32_t Checksum() const { return Crc32c(this, offsetof(ImageHeader, checksum)); }
  uint64_t runs_size() const { return uint64_t{run_count} * sizeof(ImageRun); }
  // Where the pages begin.
  uint64_t pages_offset() const {
    const uint64_t behind = kImagePage + runs_size() + notes_size;
    return (behind + kImagePage - 1) / kImagePage * kImagePage;
  }
};
static_assert(sizeof(ImageHeader) <= kImagePage);

}  // namespace blockon

#endif  // BLOCKON_JSPI_UTIL_IMAGE_HEADER_H_
