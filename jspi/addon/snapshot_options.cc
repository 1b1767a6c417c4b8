#include "jspi/addon/snapshot_options.h"

#include <string>

#include "jspi/addon/file_place.h"
#include "jspi/engine/v8_compat.h"

namespace blockon {
namespace {

// A snapshot's place, and that of the one which it lies over. Both are empty for none.
struct Place {
  FilePlace own;
  FilePlace base;
  // Of one Worker, so that it is not kept for ever.
  bool is_packed = false;
};

bool ReadSnapshotPlace(v8::Local<v8::Context> context, v8::Local<v8::Value> value, Place* place) {
  if (!ReadPlace(context, value, "a snapshot", &place->own)) return false;
  if (!value->IsObject()) return true;
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  const v8::Local<v8::Object> object = value.As<v8::Object>();
  v8::Local<v8::Value> base;
  v8::Local<v8::Value> packed;
  if (!object->Get(context, ToV8(isolate, "base")).ToLocal(&base) ||
      !object->Get(context, ToV8(isolate, "packed")).ToLocal(&packed)) {
    return false;
  }
  place->is_packed = packed->IsTrue();
  return ReadPlace(context, base, "a snapshot's base", &place->base);
}

bool ReadOption(v8::Local<v8::Context> context, v8::Local<v8::Object> options, const char* name, Place* place) {
  v8::Local<v8::Value> value;
  return options->Get(context, ToV8(v8::Isolate::GetCurrent(), name)).ToLocal(&value) &&
         ReadSnapshotPlace(context, value, place);
}

// False with `*why`; null for none.
bool OpenBase(const Place& place, std::shared_ptr<const MemoryImage>* base, std::string* why) {
  if (place.base.file.empty()) return true;
  *base = MemoryImage::OpenShared(place.base.file, place.base.key, why, true);
  if (!*base) *why = "its base " + place.base.file + " cannot be used: " + *why;
  return *base != nullptr;
}

// Null with `*why`.
std::shared_ptr<const MemoryImage> OpenPlace(const Place& place, std::string* why) {
  std::shared_ptr<const MemoryImage> base;
  if (!OpenBase(place, &base, why)) return nullptr;
  const bool lasts = base == nullptr && !place.is_packed;
  return MemoryImage::OpenShared(place.own.file, place.own.key, why, lasts, std::move(base));
}

// Null with an exception pending.
std::shared_ptr<const MemoryImage> OpenOrThrow(const Place& place) {
  std::string why;
  std::shared_ptr<const MemoryImage> image = OpenPlace(place, &why);
  if (!image) {
    ThrowError(v8::Isolate::GetCurrent(), "the snapshot " + place.own.file + " cannot be used: " + why);
  }
  return image;
}

}  // namespace

bool ReadSnapshotOptions(v8::Local<v8::Context> context, v8::Local<v8::Object> options, SnapshotOptions* snapshot) {
  Place from;
  Place to;
  if (!ReadOption(context, options, "snapshot", &from) || !ReadOption(context, options, "saveSnapshot", &to))
    return false;
  snapshot->save_to = to.own.file;
  snapshot->key = to.own.key;
  std::string why;
  if (!OpenBase(to, &snapshot->save_over, &why)) {
    ThrowError(v8::Isolate::GetCurrent(), "no snapshot can be made: " + why);
    return false;
  }
  if (from.own.file.empty()) return true;
  snapshot->image = OpenOrThrow(from);
  return snapshot->image != nullptr;
}

std::shared_ptr<const MemoryImage> ReadSnapshot(v8::Local<v8::Context> context, v8::Local<v8::Value> value) {
  Place place;
  if (!ReadSnapshotPlace(context, value, &place)) return nullptr;
  if (!place.own.file.empty()) return OpenOrThrow(place);
  ThrowTypeError(v8::Isolate::GetCurrent(), "a snapshot needs a file and a key");
  return nullptr;
}

void OpenSnapshot(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  Place place;
  if (!ReadSnapshotPlace(isolate->GetCurrentContext(), info[0], &place)) return;
  if (place.own.file.empty()) return ThrowTypeError(isolate, "openSnapshot needs a file and a key");
  std::string why;
  if (OpenPlace(place, &why)) return info.GetReturnValue().SetNull();
  info.GetReturnValue().Set(ToV8(isolate, why));
}

}  // namespace blockon
