// Bytes in a file that is bound to a key: what can be made again, and must be what was written or not be used at all.
//
//   header: magic, the key, the size, checksums of what follows and of itself
//   then    the bytes
//
// Whoever reads it says which key he expects, and gets a copy that was checked: what becomes of the file later does not matter.
// Any thread.
#ifndef BLOCKON_JSPI_UTIL_KEYED_FILE_H_
#define BLOCKON_JSPI_UTIL_KEYED_FILE_H_

#include <string>
#include <string_view>

namespace blockon {

// Hexadecimal digits.
constexpr std::size_t kFileKeySize = 64;

// Why it could not be written, or "": then it is there whole.
std::string WriteKeyedFile(const std::string& file, std::string_view key, std::string_view bytes);

// Why it cannot be used (missing, damaged, truncated, not of this key), or "".
std::string ReadKeyedFile(const std::string& file, std::string_view key, std::string* bytes);

}  // namespace blockon

#endif  // BLOCKON_JSPI_UTIL_KEYED_FILE_H_
