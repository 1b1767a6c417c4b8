#include "jspi/launcher/handing.h"

#include <fcntl.h>
#include <unistd.h>

#include "jspi/util/handed_files.h"
#include "jspi/util/keyed_file.h"
#include "jspi/util/memory_image.h"
#include "jspi/util/sealed_copy.h"

namespace blockon {

Handing::Handing(const std::vector<NotedFile>& files) {
  if (files.empty()) return;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return;
  read_end_ = std::make_unique<OwnedFd>(ends[0]);
  write_end_ = std::make_unique<OwnedFd>(ends[1]);
  for (const NotedFile& noted : files) {
    const int from = open(noted.file.c_str(), O_RDONLY | O_CLOEXEC);
    if (from < 0) continue;
    files_.emplace_back(new File{noted.is_image, noted.key, OwnedFd(from), OwnedFd(NewMemoryFile())});
    if (files_.back()->memory.get() < 0) files_.pop_back();
  }
}

std::vector<int> Handing::descriptors() const {
  if (files_.empty()) return {};
  std::vector<int> all{read_end_->get()};
  for (const auto& file : files_) all.push_back(file->memory.get());
  return all;
}

std::string Handing::Describe(int first) const {
  if (files_.empty()) return "";
  std::string text = std::to_string(first);
  for (const auto& file : files_) text.append(",").append(std::to_string(++first)).append("=").append(file->key);
  return text;
}

void Handing::Copy() {
  for (const auto& file : files_) {
    const std::string why = file->is_image ? CopyMemoryImage(file->from.get(), file->memory.get())
                                           : CopyKeyedFile(file->from.get(), file->memory.get());
    // The server reads the file itself, and says what is wrong with it.
    const char word = why.empty() ? kHandedWhole : kHandedNot;
    if (write(write_end_->get(), &word, 1) != 1) break;
  }
  files_.clear();
  write_end_.reset();
  // Until now, lest a child that has ended end this process by SIGPIPE.
  read_end_.reset();
}

}  // namespace blockon
