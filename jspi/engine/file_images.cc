#include "jspi/engine/file_images.h"

#include <cmath>
#include <cstdint>
#include <string>

#include "jspi/engine/shared_module.h"
#include "jspi/engine/v8_compat.h"

namespace blockon {
namespace {

// A whole number that a double has exactly; false for all else.
bool ReadPlace(v8::Local<v8::Value> value, uint64_t* place) {
  constexpr double kMost = 9007199254740991.0;
  if (!value->IsNumber()) return false;
  const double number = value.As<v8::Number>()->Value();
  if (!(number >= 0 && number <= kMost) || number != std::floor(number)) return false;
  *place = static_cast<uint64_t>(number);
  return true;
}

// Null with an exception pending.
const OpenKeyedFile* ImageOf(v8::Isolate* isolate, const FileImageList& images, v8::Local<v8::Value> value) {
  uint64_t number;
  if (ReadPlace(value, &number) && number < images.size()) return images[number].get();
  ThrowTypeError(isolate, "this realm has no such image of files");
  return nullptr;
}

}  // namespace

void FileImages::SizeCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  const auto* self = UnwrapPointer<FileImages>(info, ExternalTag::kFileImages);
  const OpenKeyedFile* image = ImageOf(info.GetIsolate(), self->images_, info[0]);
  if (image) info.GetReturnValue().Set(static_cast<double>(image->size()));
}

void FileImages::ReadCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const auto* self = UnwrapPointer<FileImages>(info, ExternalTag::kFileImages);
  const OpenKeyedFile* image = ImageOf(isolate, self->images_, info[0]);
  if (!image) return;
  uint64_t offset;
  uint64_t length;
  uint64_t at;
  if (!info[1]->IsArrayBufferView() || !info[1].As<v8::ArrayBufferView>()->Buffer()->IsArrayBuffer() ||
      !ReadPlace(info[2], &offset) || !ReadPlace(info[3], &length) || !ReadPlace(info[4], &at)) {
    return ThrowTypeError(isolate, "an image of files is read into bytes that are not shared, by numbers");
  }
  const v8::Local<v8::ArrayBufferView> view = info[1].As<v8::ArrayBufferView>();
  const uint64_t size = view->ByteLength();
  if (offset > size || length > size - offset) return ThrowTypeError(isolate, "there is no room for so many bytes");
  auto* const bytes = static_cast<char*>(view->Buffer()->Data()) + view->ByteOffset() + offset;
  const std::string why = image->Read(bytes, length, at);
  if (!why.empty()) ThrowError(isolate, "an image of files cannot be read: " + why);
}

void FileImages::ModuleCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const auto* self = UnwrapPointer<FileImages>(info, ExternalTag::kFileImages);
  const OpenKeyedFile* image = ImageOf(isolate, self->images_, info[0]);
  if (!image) return;
  uint64_t at;
  uint64_t size;
  if (!ReadPlace(info[1], &at) || !ReadPlace(info[2], &size)) {
    return ThrowTypeError(isolate, "a module is a part of an image of files, by numbers");
  }
  v8::Local<v8::WasmModuleObject> module;
  if (SharedImageModule(isolate, *image, at, size, !info[3]->IsTrue()).ToLocal(&module))
    info.GetReturnValue().Set(module);
}

}  // namespace blockon
