// A file that is there whole, or as it was before: written under another name, flushed and renamed. Any thread.
#ifndef BLOCKON_JSPI_UTIL_WHOLE_FILE_H_
#define BLOCKON_JSPI_UTIL_WHOLE_FILE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace blockon {

// The call that failed, and the system's reason.
std::string SystemError(const char* call);

// Why it could not be written, or "": then it is there, and on the disk. Only its user may read it.
std::string WriteWholeFile(const std::string& file, const std::vector<std::string_view>& pieces);

// False with errno set.
bool WriteAll(int file, std::string_view bytes);

// "" or why not: a file that ends before has been truncated.
std::string ReadAt(int file, void* to, uint64_t size, uint64_t offset);

}  // namespace blockon

#endif  // BLOCKON_JSPI_UTIL_WHOLE_FILE_H_
