#include "jspi/launcher/start_record.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "jspi/util/crc32c.h"
#include "jspi/util/handed_files.h"
#include "jspi/util/owned_fd.h"
#include "jspi/util/whole_file.h"

namespace blockon {
namespace {

constexpr std::size_t kMostBytes = 64 << 10;
constexpr std::size_t kMostFiles = 16;

// "" for a command that lines cannot tell.
std::string CommandText(const std::vector<std::string>& arguments) {
  const std::unique_ptr<char, decltype(&std::free)> folder(getcwd(nullptr, 0), &std::free);
  if (!folder) return "";
  std::string text = std::string("folder ").append(folder.get()).append("\n");
  std::size_t lines = 1;
  for (const std::string& argument : arguments) {
    text.append("argument ").append(argument).append("\n");
    lines++;
  }
  for (const char each : text) lines -= each == '\n' ? 1 : 0;
  return lines == 0 ? text : "";
}

// False for a line that is none of a file.
bool ReadLine(std::string_view line, NotedFile* noted) {
  for (const std::string_view kind : {"image ", "bytes "}) {
    if (!line.starts_with(kind)) continue;
    line.remove_prefix(kind.size());
    if (line.size() < kHandedKeySize + 2 || line[kHandedKeySize] != ' ') return false;
    *noted = {kind == "image ", std::string(line.substr(0, kHandedKeySize)),
              std::string(line.substr(kHandedKeySize + 1))};
    return true;
  }
  return false;
}

}  // namespace

std::string StartRecordFile(const std::string& cache, const std::vector<std::string>& arguments) {
  const std::string command = CommandText(arguments);
  if (command.empty()) return "";
  // Of two with the same checksum, the one that was started last is noted.
  char name[9];
  std::snprintf(name, sizeof name, "%08x", Crc32c(command.data(), command.size()));
  return cache + "/starts/" + name;
}

std::vector<NotedFile> ReadStartRecord(const std::string& file, const std::vector<std::string>& arguments) {
  std::vector<NotedFile> files;
  const OwnedFd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (fd.get() < 0 || fstat(fd.get(), &status) != 0 || status.st_size > static_cast<off_t>(kMostBytes)) return files;
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  if (!ReadAt(fd.get(), text.data(), text.size(), 0).empty()) return files;
  std::string_view rest = text;
  const std::string command = CommandText(arguments) + "\n";
  if (!rest.starts_with(command)) return files;
  rest.remove_prefix(command.size());
  for (std::size_t end; files.size() < kMostFiles && (end = rest.find('\n')) != std::string_view::npos;) {
    if (NotedFile noted; ReadLine(rest.substr(0, end), &noted)) files.push_back(std::move(noted));
    rest.remove_prefix(end + 1);
  }
  return files;
}

}  // namespace blockon
