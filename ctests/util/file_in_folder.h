// A file of a test's own, in a folder of its own, both gone with it.
#ifndef BLOCKON_CTESTS_UTIL_FILE_IN_FOLDER_H_
#define BLOCKON_CTESTS_UTIL_FILE_IN_FOLDER_H_

#include <dirent.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace blockon {

class FileInFolder {
 public:
  explicit FileInFolder(const std::string& name = "a.file") {
    char folder[] = "/tmp/blockon-file-XXXXXX";
    folder_ = mkdtemp(folder);
    file_ = folder_ + "/" + name;
  }
  FileInFolder(const FileInFolder&) = delete;
  FileInFolder& operator=(const FileInFolder&) = delete;
  ~FileInFolder() {
    for (const std::string& name : Names()) unlink((folder_ + "/" + name).c_str());
    rmdir(folder_.c_str());
  }

 protected:
  // Of the files in the folder.
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    DIR* const folder = opendir(folder_.c_str());
    while (const dirent* entry = readdir(folder)) {
      if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    }
    closedir(folder);
    return names;
  }

  std::string Whole() const {
    std::ifstream stream(file_, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  void Put(const std::string& bytes) { std::ofstream(file_, std::ios::binary | std::ios::trunc) << bytes; }

  std::string folder_;
  std::string file_;
};

}  // namespace blockon

#endif  // BLOCKON_CTESTS_UTIL_FILE_IN_FOLDER_H_
