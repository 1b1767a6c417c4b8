// Files that a server will ask for are checked and copied into sealed memory while its Node boots, on a processor that has nothing else to do
// then, and handed over (jspi/util/handed_files.h). The server that finds none, or others, reads the files itself.
#ifndef BLOCKON_JSPI_LAUNCHER_HANDING_H_
#define BLOCKON_JSPI_LAUNCHER_HANDING_H_

#include <memory>
#include <string>
#include <vector>

#include "jspi/launcher/start_record.h"
#include "jspi/util/owned_fd.h"

namespace blockon {

class Handing {
 public:
  // Opens those of the files that are there.
  explicit Handing(const std::vector<NotedFile>& files);

  // For the child, whose numbers for them are `first` and those that follow; none where there is no file.
  std::vector<int> descriptors() const;
  // The description for the child, or "" for none.
  std::string Describe(int first) const;
  // When the child has been started: copies one after the other, and tells it of each. This process keeps none.
  void Copy();

 private:
  struct File {
    bool is_image;
    std::string key;
    OwnedFd from;
    OwnedFd memory;
  };
  std::vector<std::unique_ptr<File>> files_;
  std::unique_ptr<OwnedFd> read_end_;
  std::unique_ptr<OwnedFd> write_end_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_LAUNCHER_HANDING_H_
