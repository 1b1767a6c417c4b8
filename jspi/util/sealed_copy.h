// A file's bytes in sealed memory (a memfd): nobody can change, shorten or lengthen them any more, so what is mapped of it is what was
// checked, and no access to it ends the process by SIGBUS. Linux.
#ifndef BLOCKON_JSPI_UTIL_SEALED_COPY_H_
#define BLOCKON_JSPI_UTIL_SEALED_COPY_H_

#include <cstdint>
#include <string>

namespace blockon {

// An empty memory file that can be sealed; negative with errno set. The name is for whoever looks at the process's mappings.
int NewMemoryFile(const char* name = "blockon-image");

// Nobody can change `fd`, a memory file, any more. False with errno set. The system refuses with EBUSY while something has hold of a page,
// its own housekeeping too: that is waited for, a moment.
bool Seal(int fd);

// Copies the first `size` bytes of `from` into the empty memory file `to` and seals that, if the CRC-32C of those from `body` on is
// `checksum`. "" or why not.
std::string CopySealed(int from, uint64_t size, uint64_t body, uint32_t checksum, int to);

// Whether it is a memory file that nobody can change any more.
bool IsSealed(int fd);

}  // namespace blockon

#endif  // BLOCKON_JSPI_UTIL_SEALED_COPY_H_
