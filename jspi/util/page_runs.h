// Which pages of a private mapping were written to: those that the process has for itself, and shares with no file.
#ifndef BLOCKON_JSPI_UTIL_PAGE_RUNS_H_
#define BLOCKON_JSPI_UTIL_PAGE_RUNS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace blockon {

constexpr std::size_t kMemoryPage = 4096;

// Pages in a row, by their numbers in the memory that was asked about.
struct PageRun {
  uint32_t first;
  uint32_t pages;
};

// Replaces `*runs` by the private pages of `size` bytes from a page's start, ascending. "", or why they cannot be found.
std::string FindPrivatePages(const void* memory, std::size_t size, std::vector<PageRun>* runs);

// The same for systems older than Linux 6.7: by reading a number for each page.
std::string ReadPrivatePages(const void* memory, std::size_t size, std::vector<PageRun>* runs);

}  // namespace blockon

#endif  // BLOCKON_JSPI_UTIL_PAGE_RUNS_H_
