#include "jspi/addon/image_options.h"

#include <string>
#include <utility>

#include "jspi/addon/file_place.h"
#include "jspi/engine/v8_compat.h"

namespace blockon {
namespace {

constexpr const char kWhat[] = "an image of files";

}  // namespace

bool ReadImages(v8::Local<v8::Context> context, v8::Local<v8::Object> options, FileImageList* images) {
  v8::Local<v8::Value> value;
  if (!options->Get(context, ToV8(v8::Isolate::GetCurrent(), "images")).ToLocal(&value)) return false;
  return value->IsUndefined() || ReadImageList(context, value, images);
}

bool ReadImageList(v8::Local<v8::Context> context, v8::Local<v8::Value> value, FileImageList* images) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  if (!value->IsArray()) {
    ThrowTypeError(isolate, "images of files must be an array");
    return false;
  }
  const v8::Local<v8::Array> places = value.As<v8::Array>();
  for (uint32_t i = 0; i < places->Length(); i++) {
    v8::Local<v8::Value> each;
    FilePlace place;
    if (!places->Get(context, i).ToLocal(&each) || !ReadPlace(context, each, kWhat, &place)) return false;
    std::string why;
    auto image = OpenKeyedFile::Open(place.file, place.key, &why);
    if (!image) {
      ThrowError(isolate, "the image of files " + place.file + " cannot be used: " + why);
      return false;
    }
    images->push_back(std::move(image));
  }
  return true;
}

void OpenImage(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  FilePlace place;
  if (!ReadPlace(isolate->GetCurrentContext(), info[0], kWhat, &place)) return;
  if (place.file.empty()) return ThrowTypeError(isolate, "openImage needs a file and a key");
  std::string why;
  if (OpenKeyedFile::Open(place.file, place.key, &why)) return info.GetReturnValue().SetNull();
  info.GetReturnValue().Set(ToV8(isolate, why));
}

}  // namespace blockon
