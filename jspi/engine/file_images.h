// Images of a realm's read-only files (runtime/packages/image.ts): the index of each, and reading of parts into the realm's own bytes.
//
// A part goes from the system's pages straight to where it is wanted, which mostly is the interpreter's memory: neither V8's heap nor the
// memory keeps a copy of a file. Owned by the engine; isolate's thread.
#ifndef BLOCKON_JSPI_ENGINE_FILE_IMAGES_H_
#define BLOCKON_JSPI_ENGINE_FILE_IMAGES_H_

#include <v8.h>

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "jspi/util/keyed_file.h"

namespace blockon {

using FileImageList = std::vector<std::shared_ptr<const OpenKeyedFile>>;

class FileImages {
 public:
  explicit FileImages(FileImageList images) : images_(std::move(images)) {}

  // More of them, behind those that there are. The number of the first.
  size_t Add(const FileImageList& images) {
    const size_t first = images_.size();
    images_.insert(images_.end(), images.begin(), images.end());
    return first;
  }

  // (number image) -> number: bytes of it. Throws where there is none.
  static void SizeCallback(const v8::FunctionCallbackInfo<v8::Value>& info);
  // (number image, bytes, number offset, number length, number at): fills the bytes from the offset on with those of the image from `at` on. Throws where there are no
  // such bytes on either side, and where they cannot be read.
  static void ReadCallback(const v8::FunctionCallbackInfo<v8::Value>& info);
  // (number image, number at, number size) -> WebAssembly.Module of those bytes, compiled once a process, born in the current context. Throws.
  static void ModuleCallback(const v8::FunctionCallbackInfo<v8::Value>& info);

 private:
  FileImageList images_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_FILE_IMAGES_H_
