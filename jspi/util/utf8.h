// UTF-8 that comes from a guest, looked at before others trust it.
#ifndef BLOCKON_JSPI_UTIL_UTF8_H_
#define BLOCKON_JSPI_UTIL_UTF8_H_

#include <cstddef>
#include <cstdint>

namespace blockon {

// Whether the bytes are well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF).
bool IsValidUtf8(const uint8_t* bytes, std::size_t size);

}  // namespace blockon

#endif  // BLOCKON_JSPI_UTIL_UTF8_H_
