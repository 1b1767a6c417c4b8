#include "jspi/util/utf8.h"

namespace blockon {

bool IsValidUtf8(const uint8_t* bytes, std::size_t size) {
  std::size_t i = 0;
  while (i < size) {
    const uint8_t lead = bytes[i++];
    if (lead < 0x80) continue;
    int more;
    uint8_t lowest = 0x80, highest = 0xbf;  // of the second byte
    if (lead >= 0xc2 && lead <= 0xdf) {
      more = 1;
    } else if (lead >= 0xe0 && lead <= 0xef) {
      more = 2;
      if (lead == 0xe0) lowest = 0xa0;
      if (lead == 0xed) highest = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      more = 3;
      if (lead == 0xf0) lowest = 0x90;
      if (lead == 0xf4) highest = 0x8f;
    } else {
      return false;
    }
    for (; more > 0; more--, lowest = 0x80, highest = 0xbf) {
      if (i >= size || bytes[i] < lowest || bytes[i] > highest) return false;
      i++;
    }
  }
  return true;
}

}  // namespace blockon
