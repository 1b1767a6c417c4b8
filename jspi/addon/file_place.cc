#include "jspi/addon/file_place.h"

#include <algorithm>

#include "jspi/engine/v8_compat.h"
#include "jspi/util/keyed_file.h"

namespace blockon {
namespace {

bool ReadText(v8::Local<v8::Context> context, v8::Local<v8::Object> object, const char* name, std::string* text) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  v8::Local<v8::Value> value;
  if (!object->Get(context, ToV8(isolate, name)).ToLocal(&value)) return false;
  if (value->IsString()) *text = FromV8(isolate, value.As<v8::String>());
  return true;
}

bool IsKey(const std::string& text) {
  return text.size() == kFileKeySize &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

bool ReadPlace(v8::Local<v8::Context> context, v8::Local<v8::Value> value, const char* what, FilePlace* place) {
  if (value->IsUndefined()) return true;
  if (value->IsObject()) {
    const v8::Local<v8::Object> object = value.As<v8::Object>();
    if (!ReadText(context, object, "file", &place->file) || !ReadText(context, object, "key", &place->key))
      return false;
    if (!place->file.empty() && IsKey(place->key)) return true;
  }
  ThrowTypeError(v8::Isolate::GetCurrent(),
                 std::string(what) + " is named by its file and a key of 64 hexadecimal digits");
  return false;
}

}  // namespace blockon
