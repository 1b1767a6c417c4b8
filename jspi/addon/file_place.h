// How JavaScript names a file that is bound to a key.
#ifndef BLOCKON_JSPI_ADDON_FILE_PLACE_H_
#define BLOCKON_JSPI_ADDON_FILE_PLACE_H_

#include <v8.h>

#include <string>

namespace blockon {

struct FilePlace {
  std::string file;
  // 64 hexadecimal digits.
  std::string key;
};

// {file, key}, or undefined, which leaves the place empty; false with an exception pending, in which `what` begins the text.
bool ReadPlace(v8::Local<v8::Context> context, v8::Local<v8::Value> value, const char* what, FilePlace* place);

}  // namespace blockon

#endif  // BLOCKON_JSPI_ADDON_FILE_PLACE_H_
