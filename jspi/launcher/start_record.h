// What the last start of the same command in the same folder used, as the server has noted it (runtime/snapshots/start_record.ts):
//
//   folder DIRECTORY, argument TEXT ...   the command; then an empty line
//   image KEY FILE, bytes KEY FILE        of the user's cache, in the order in which a start asks for them
//   thread JSON                           for the server
#ifndef BLOCKON_JSPI_LAUNCHER_START_RECORD_H_
#define BLOCKON_JSPI_LAUNCHER_START_RECORD_H_

#include <string>
#include <string_view>
#include <vector>

namespace blockon {

struct NotedFile {
  // An image of memory (jspi/util/memory_image.h); bytes (jspi/util/keyed_file.h) otherwise.
  bool is_image;
  std::string key;
  std::string file;
};

// Where the start of a command is noted, in the folder `cache`; "" for one that cannot be.
std::string StartRecordFile(const std::string& cache, const std::vector<std::string>& arguments);

// None where nothing is noted of that very command, or it is no record.
std::vector<NotedFile> ReadStartRecord(const std::string& file, const std::vector<std::string>& arguments);

}  // namespace blockon

#endif  // BLOCKON_JSPI_LAUNCHER_START_RECORD_H_
