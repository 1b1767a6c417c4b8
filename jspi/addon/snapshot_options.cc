#include "jspi/addon/snapshot_options.h"

#include <algorithm>
#include <string>

#include "jspi/engine/v8_compat.h"

namespace blockon {
namespace {

struct Place {
  std::string file;
  std::string key;
};

bool ReadText(v8::Local<v8::Context> context, v8::Local<v8::Object> object, const char* name, std::string* text) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  v8::Local<v8::Value> value;
  if (!object->Get(context, ToV8(isolate, name)).ToLocal(&value)) return false;
  if (value->IsString()) *text = FromV8(isolate, value.As<v8::String>());
  return true;
}

bool IsKey(const std::string& text) {
  return text.size() == kImageKeySize &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// {file, key}, or undefined, which leaves the place empty; false with an exception pending.
bool ReadPlace(v8::Local<v8::Context> context, v8::Local<v8::Value> value, Place* place) {
  if (value->IsUndefined()) return true;
  if (value->IsObject()) {
    const v8::Local<v8::Object> object = value.As<v8::Object>();
    if (!ReadText(context, object, "file", &place->file) || !ReadText(context, object, "key", &place->key))
      return false;
    if (!place->file.empty() && IsKey(place->key)) return true;
  }
  ThrowTypeError(v8::Isolate::GetCurrent(), "a snapshot is named by its file and a key of 64 hexadecimal digits");
  return false;
}

bool ReadOption(v8::Local<v8::Context> context, v8::Local<v8::Object> options, const char* name, Place* place) {
  v8::Local<v8::Value> value;
  return options->Get(context, ToV8(v8::Isolate::GetCurrent(), name)).ToLocal(&value) &&
         ReadPlace(context, value, place);
}

}  // namespace

bool ReadSnapshotOptions(v8::Local<v8::Context> context, v8::Local<v8::Object> options, SnapshotOptions* snapshot) {
  Place from;
  Place to;
  if (!ReadOption(context, options, "snapshot", &from) || !ReadOption(context, options, "saveSnapshot", &to))
    return false;
  snapshot->save_to = to.file;
  snapshot->key = to.key;
  if (from.file.empty()) return true;
  std::string why;
  snapshot->image = MemoryImage::OpenShared(from.file, from.key, &why);
  if (!snapshot->image) ThrowError(v8::Isolate::GetCurrent(), "the snapshot " + from.file + " cannot be used: " + why);
  return snapshot->image != nullptr;
}

void OpenSnapshot(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  Place place;
  if (!ReadPlace(isolate->GetCurrentContext(), info[0], &place)) return;
  if (place.file.empty()) return ThrowTypeError(isolate, "openSnapshot needs a file and a key");
  std::string why;
  if (MemoryImage::OpenShared(place.file, place.key, &why)) return info.GetReturnValue().SetNull();
  info.GetReturnValue().Set(ToV8(isolate, why));
}

}  // namespace blockon
