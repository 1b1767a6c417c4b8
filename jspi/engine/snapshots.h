// Memory snapshots of a realm's interpreter: the image that it begins with, or the file that its memory is to be written to.
//
// What else belongs to a snapshot (the function table's length, JavaScript references) is the glue's to know
// (patches/314.0.7/0060-snapshots.toml) and lies in the image as notes. Owned by the engine; isolate's thread.
#ifndef BLOCKON_JSPI_ENGINE_SNAPSHOTS_H_
#define BLOCKON_JSPI_ENGINE_SNAPSHOTS_H_

#include <v8.h>

#include <memory>
#include <string>

#include "jspi/engine/limits.h"
#include "jspi/engine/slices.h"
#include "jspi/util/memory_image.h"

namespace blockon {

struct SnapshotOptions {
  // Null for an interpreter that starts from nothing.
  std::shared_ptr<const MemoryImage> image{};
  // Empty for one that is not to be written.
  std::string save_to{};
  std::string key{};
  // Of what is written; null for one that holds all pages.
  std::shared_ptr<const MemoryImage> save_over{};
};

class Snapshots {
 public:
  // `slices` and `limits` outlive it.
  Snapshots(SnapshotOptions options, Slices* slices, Limits* limits)
      : options_(std::move(options)), slices_(slices), limits_(limits) {}

  // Has an interpreter that began with the options' image go on with one that lies over that, or begin so. "" or why not.
  std::string Use(std::shared_ptr<const MemoryImage> image);

  // Gives up what its interpreter has of its own of an image's memory, where that holds the same (MemoryImage::GiveEqualUp). "" or why not. Nothing
  // else was mapped over that memory since, and nobody writes to it.
  std::string Trim(GivenUpPages* pages) const;

  // () -> string | undefined: the notes of the image, which also says whether there is one.
  static void NotesCallback(const v8::FunctionCallbackInfo<v8::Value>& info);
  // () -> number: bytes of the image's memory.
  static void SizeCallback(const v8::FunctionCallbackInfo<v8::Value>& info);
  // (memory): makes a memory of that size what the image holds, or a larger one that has its base mapped. Nothing else was mapped over it before.
  // Throws: then nobody may go on with it.
  static void MapCallback(const v8::FunctionCallbackInfo<v8::Value>& info);
  // (memory, notes): writes the file. Throws.
  static void SaveCallback(const v8::FunctionCallbackInfo<v8::Value>& info);

 private:
  SnapshotOptions options_;
  Slices* const slices_;
  Limits* const limits_;
  // Over the memory, if anything is, and which that is.
  std::shared_ptr<const MemoryImage> mapped_;
  std::weak_ptr<v8::BackingStore> memory_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_SNAPSHOTS_H_
