#include "jspi/addon/compiled_code.h"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "jspi/addon/file_place.h"
#include "jspi/engine/shared_module.h"
#include "jspi/engine/v8_compat.h"
#include "jspi/util/handed_files.h"
#include "jspi/util/keyed_file.h"

namespace blockon {
namespace {

// False with an exception pending.
bool ReadKeptPlace(const v8::FunctionCallbackInfo<v8::Value>& info, int index, FilePlace* place) {
  v8::Isolate* isolate = info.GetIsolate();
  if (!ReadPlace(isolate->GetCurrentContext(), info[index], "compiled code", place)) return false;
  if (place->file.empty()) ThrowTypeError(isolate, "compiled code needs a file and a key");
  return !place->file.empty();
}

// False with an exception pending.
bool ReadArguments(const v8::FunctionCallbackInfo<v8::Value>& info, std::string* wasm, CodePlace* code) {
  v8::Isolate* isolate = info.GetIsolate();
  if (!info[0]->IsString()) {
    ThrowTypeError(isolate, "compiled code is that of a wasm file");
    return false;
  }
  *wasm = FromV8(isolate, info[0].As<v8::String>());
  FilePlace place;
  if (!ReadKeptPlace(info, 1, &place)) return false;
  *code = {place.file, place.key};
  return true;
}

void Answer(const v8::FunctionCallbackInfo<v8::Value>& info, const std::string& why) {
  if (why.empty()) return info.GetReturnValue().SetNull();
  info.GetReturnValue().Set(ToV8(info.GetIsolate(), why));
}

// What a file has, read once a process: all its isolates look at the same bytes, which nobody writes to and which stay. Null with why not.
const KeyedBytes* SharedBytes(const FilePlace& place, std::string* why) {
  static std::mutex mutex;
  // Never freed: a thread may be in here while the process ends.
  static auto& kept = *new std::map<std::pair<std::string, std::string>, std::shared_ptr<const KeyedBytes>>;
  const std::lock_guard<std::mutex> lock(mutex);
  const std::pair<std::string, std::string> name(place.file, place.key);
  if (const auto found = kept.find(name); found != kept.end()) return found->second.get();
  const std::shared_ptr<const KeyedBytes> bytes = KeyedBytes::Open(place.file, place.key, why);
  return bytes ? kept.emplace(name, bytes).first->second.get() : nullptr;
}

}  // namespace

void TakeHanded(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  if (!info[0]->IsString()) return ThrowTypeError(isolate, "takeHanded needs a description");
  info.GetReturnValue().Set(TakeHandedFiles(FromV8(isolate, info[0].As<v8::String>())));
}

void DropHanded(const v8::FunctionCallbackInfo<v8::Value>& info) {
  DropFedModule();
  info.GetReturnValue().Set(DropHandedFiles());
}

void FeedCode(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  if (!info[0]->IsString()) return ThrowTypeError(isolate, "feedCode needs a wasm file");
  FeedSharedModule(FromV8(isolate, info[0].As<v8::String>()));
}

void AwaitCode(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  if (!info[0]->IsString()) return ThrowTypeError(isolate, "awaitCode needs a wasm file");
  AwaitSharedModule(FromV8(isolate, info[0].As<v8::String>()));
}

void LoadCode(const v8::FunctionCallbackInfo<v8::Value>& info) {
  std::string wasm;
  CodePlace code;
  if (ReadArguments(info, &wasm, &code)) Answer(info, LoadSharedModule(info.GetIsolate(), wasm, code));
}

void SaveCode(const v8::FunctionCallbackInfo<v8::Value>& info) {
  std::string wasm;
  CodePlace code;
  if (ReadArguments(info, &wasm, &code)) Answer(info, SaveSharedModule(wasm, code));
}

void ReadKept(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  FilePlace place;
  if (!ReadKeptPlace(info, 0, &place)) return;
  std::string why;
  const KeyedBytes* const kept = SharedBytes(place, &why);
  if (!kept) return info.GetReturnValue().Set(ToV8(isolate, why));
  const std::string_view bytes = kept->view();
  const v8::Local<v8::ArrayBuffer> buffer =
      v8::ArrayBuffer::New(isolate, v8::ArrayBuffer::NewBackingStore(const_cast<char*>(bytes.data()), bytes.size(),
                                                                     v8::BackingStore::EmptyDeleter, nullptr));
  info.GetReturnValue().Set(v8::Uint8Array::New(buffer, 0, bytes.size()));
}

void WriteKept(const v8::FunctionCallbackInfo<v8::Value>& info) {
  FilePlace place;
  if (!ReadKeptPlace(info, 0, &place)) return;
  if (!info[1]->IsUint8Array()) return ThrowTypeError(info.GetIsolate(), "writeKept needs a Uint8Array");
  const v8::Local<v8::Uint8Array> view = info[1].As<v8::Uint8Array>();
  const std::string_view bytes(static_cast<const char*>(view->Buffer()->Data()) + view->ByteOffset(),
                               view->ByteLength());
  Answer(info, WriteKeyedFile(place.file, place.key, bytes));
}

}  // namespace blockon
