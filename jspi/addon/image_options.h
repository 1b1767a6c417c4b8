// The parts of the addon's API that name images of files.
#ifndef BLOCKON_JSPI_ADDON_IMAGE_OPTIONS_H_
#define BLOCKON_JSPI_ADDON_IMAGE_OPTIONS_H_

#include <v8.h>

#include "jspi/engine/file_images.h"

namespace blockon {

// The option `images` of createEngine(), an array of {file, key}, or undefined. False with an exception pending, also where one cannot be
// opened.
bool ReadImages(v8::Local<v8::Context> context, v8::Local<v8::Object> options, FileImageList* images);

// The same of such an array.
bool ReadImageList(v8::Local<v8::Context> context, v8::Local<v8::Value> value, FileImageList* images);

// openImage({file, key}) -> null, or why it cannot be used. What was opened stays open for this process.
void OpenImage(const v8::FunctionCallbackInfo<v8::Value>& info);

}  // namespace blockon

#endif  // BLOCKON_JSPI_ADDON_IMAGE_OPTIONS_H_
