// WriteMemoryImage() of memory_image.h.
#include <cstring>
#include <vector>

#include "jspi/util/image_header.h"
#include "jspi/util/memory_image.h"
#include "jspi/util/whole_file.h"

namespace blockon {
namespace {

// Pages of zeros that are written rather than begin another run: each is a mapping, and a process has 65,530 at most.
constexpr std::size_t kBridgedPages = 16;
// Of an image over another one, those that are as below: each is memory that is not shared with the others there.
constexpr std::size_t kBridgedOverBase = 4;

// Those of the pages that are to be written.
std::vector<ImageRun> FindRuns(const std::vector<bool>& written, std::size_t bridged) {
  std::vector<ImageRun> runs;
  for (uint32_t page = 0; page < written.size(); page++) {
    if (!written[page]) continue;
    if (!runs.empty() && page - (runs.back().first + runs.back().pages) <= bridged) {
      runs.back().pages = page + 1 - runs.back().first;
    } else {
      runs.push_back({page, 1});
    }
  }
  return runs;
}

// The pages of the runs, one behind the other. A copy: other threads of the process may write to the memory (that time is up, for one), and
// what is written to the file is to be what the checksum is of.
std::string CopyPages(const std::vector<ImageRun>& runs, const char* memory) {
  std::size_t size = 0;
  for (const ImageRun& run : runs) size += run.pages * kImagePage;
  std::string pages;
  pages.reserve(size);
  for (const ImageRun& run : runs) pages.append(memory + run.first * kImagePage, run.pages * kImagePage);
  return pages;
}

// The first page, the runs and the notes, up to where the pages begin.
std::string MakeLead(std::string_view key, std::string_view notes, const std::vector<ImageRun>& runs,
                     std::string_view pages, std::size_t size, const MemoryImage* base) {
  ImageHeader header{};
  header.has_base = base ? 1 : 0;
  header.base_checksum = base ? base->checksum() : 0;
  std::memcpy(header.magic, kImageMagic, sizeof kImageMagic);
  std::memcpy(header.key, key.data(), kImageKeySize);
  header.memory_size = size;
  header.notes_size = notes.size();
  header.run_count = static_cast<uint32_t>(runs.size());
  std::string lead(header.pages_offset(), '\0');
  std::memcpy(lead.data() + kImagePage, runs.data(), header.runs_size());
  std::memcpy(lead.data() + kImagePage + header.runs_size(), notes.data(), notes.size());
  header.file_size = lead.size() + pages.size();
  header.body_checksum = Crc32c(lead.data() + kImagePage, lead.size() - kImagePage);
  header.body_checksum = Crc32c(pages.data(), pages.size(), header.body_checksum);
  header.checksum = header.Checksum();
  std::memcpy(lead.data(), &header, sizeof header);
  return lead;
}

}  // namespace

bool IsZeroPage(const char* page) { return page[0] == 0 && std::memcmp(page, page + 1, kImagePage - 1) == 0; }

std::string WriteMemoryImage(const std::string& file, std::string_view key, std::string_view notes, const void* memory,
                             std::size_t size, const MemoryImage* base) {
  if (key.size() != kImageKeySize || size % kImagePage != 0) return "the key or the size is wrong";
  const auto* const bytes = static_cast<const char*>(memory);
  std::vector<bool> written(size / kImagePage);
  if (base) {
    if (std::string why = base->FindDifferent(bytes, written.size(), &written); !why.empty()) return why;
  } else {
    for (std::size_t page = 0; page < written.size(); page++) written[page] = !IsZeroPage(bytes + page * kImagePage);
  }
  const std::vector<ImageRun> runs = FindRuns(written, base ? kBridgedOverBase : kBridgedPages);
  const std::string pages = CopyPages(runs, bytes);
  return WriteWholeFile(file, {MakeLead(key, notes, runs, pages, size, base), pages});
}

}  // namespace blockon
