// WriteMemoryImage() of memory_image.h.
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "jspi/util/image_header.h"
#include "jspi/util/memory_image.h"
#include "jspi/util/owned_fd.h"

namespace blockon {
namespace {

// Pages of zeros that are written rather than begin another run: each is a mapping, and a process has 65,530 at most.
constexpr std::size_t kBridgedPages = 16;

std::string SystemError(const char* call) { return std::string(call) + ": " + std::strerror(errno); }

bool IsZero(const char* page) { return page[0] == 0 && std::memcmp(page, page + 1, kImagePage - 1) == 0; }

std::vector<ImageRun> FindRuns(const char* memory, std::size_t size) {
  std::vector<ImageRun> runs;
  for (uint32_t page = 0; page < size / kImagePage; page++) {
    if (IsZero(memory + page * kImagePage)) continue;
    if (!runs.empty() && page - (runs.back().first + runs.back().pages) <= kBridgedPages) {
      runs.back().pages = page + 1 - runs.back().first;
    } else {
      runs.push_back({page, 1});
    }
  }
  return runs;
}

bool WriteAll(int file, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t count = write(file, bytes, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

// The first page, the runs and the notes, up to where the pages begin.
std::string MakeLead(std::string_view key, std::string_view notes, const std::vector<ImageRun>& runs,
                     const char* memory, std::size_t size) {
  ImageHeader header{};
  std::memcpy(header.magic, kImageMagic, sizeof kImageMagic);
  std::memcpy(header.key, key.data(), kImageKeySize);
  header.memory_size = size;
  header.notes_size = notes.size();
  header.run_count = static_cast<uint32_t>(runs.size());
  std::string lead(header.pages_offset(), '\0');
  std::memcpy(lead.data() + kImagePage, runs.data(), header.runs_size());
  std::memcpy(lead.data() + kImagePage + header.runs_size(), notes.data(), notes.size());
  header.file_size = lead.size();
  header.body_checksum = Crc32c(lead.data() + kImagePage, lead.size() - kImagePage);
  for (const ImageRun& run : runs) {
    const std::size_t run_size = run.pages * kImagePage;
    header.file_size += run_size;
    header.body_checksum = Crc32c(memory + run.first * kImagePage, run_size, header.body_checksum);
  }
  header.checksum = header.Checksum();
  std::memcpy(lead.data(), &header, sizeof header);
  return lead;
}

std::string WriteTo(int file, const std::string& lead, const std::vector<ImageRun>& runs, const char* memory) {
  if (!WriteAll(file, lead.data(), lead.size())) return SystemError("write");
  for (const ImageRun& run : runs) {
    if (!WriteAll(file, memory + run.first * kImagePage, run.pages * kImagePage)) return SystemError("write");
  }
  return fsync(file) == 0 ? "" : SystemError("fsync");
}

// Makes the name in its folder as durable as the file.
std::string FlushFolder(const std::string& file) {
  const std::size_t slash = file.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : file.substr(0, slash + 1);
  const OwnedFd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fd.get() >= 0 && fsync(fd.get()) == 0 ? "" : SystemError("fsync");
}

}  // namespace

std::string WriteMemoryImage(const std::string& file, std::string_view key, std::string_view notes, const void* memory,
                             std::size_t size) {
  if (key.size() != kImageKeySize || size % kImagePage != 0) return "the key or the size is wrong";
  const auto* const bytes = static_cast<const char*>(memory);
  const std::vector<ImageRun> runs = FindRuns(bytes, size);
  const std::string lead = MakeLead(key, notes, runs, bytes, size);
  std::string partial = file + ".XXXXXX";
  std::string why;
  {
    const OwnedFd fd(mkostemp(partial.data(), O_CLOEXEC));
    if (fd.get() < 0) return SystemError("open");
    why = WriteTo(fd.get(), lead, runs, bytes);
  }
  if (why.empty() && rename(partial.c_str(), file.c_str()) != 0) why = SystemError("rename");
  if (!why.empty()) {
    unlink(partial.c_str());
    return why;
  }
  return FlushFolder(file);
}

}  // namespace blockon
