// Giving pages of memory back to the operating system: the one thing here that differs between systems.
#ifndef BLOCKON_JSPI_UTIL_PAGE_RELEASE_H_
#define BLOCKON_JSPI_UTIL_PAGE_RELEASE_H_

#include <cstddef>

namespace blockon {

// The pages that lie wholly in this piece of a private anonymous mapping become zeros and take up no memory until they are
// touched again. False, with nothing changed, where the system refuses or has no such call.
bool ReleasePages(void* start, std::size_t size);

}  // namespace blockon

#endif  // BLOCKON_JSPI_UTIL_PAGE_RELEASE_H_
