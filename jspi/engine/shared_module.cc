#include "jspi/engine/shared_module.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>

#include "jspi/engine/module_code.h"
#include "jspi/engine/v8_compat.h"
#include "jspi/util/keyed_file.h"
#include "jspi/util/owned_fd.h"
#include "jspi/util/wasm_sections.h"
#include "jspi/util/whole_file.h"

namespace blockon {
namespace {

// A module that threads share. Its mutex is held while it is made: who comes meanwhile wants the same, and nobody else waits.
struct Shared {
  std::mutex mutex;
  std::optional<v8::CompiledWasmModule> module;
};

// Of what follows here; it is taken for a moment, alone or after that of one module.
std::mutex mutex;
int holders = 0;
// Freed by the last holder alone: V8 waits at its end for each module that somebody has.
auto& compiled = *new std::map<std::string, std::shared_ptr<Shared>>;

// The file of which somebody is about to load the code, and his thread.
std::string awaited;
std::thread::id awaited_by;
auto& was_loaded = *new std::condition_variable;
// He may end before: then it is compiled as if nobody were.
constexpr std::chrono::seconds kMostWait(2);

// Bytes that are on their way to V8 ahead.
auto& fed = *new std::unique_ptr<ModuleBytes>;

// Of images, by the image, the place, the size, and whether with data. What a realm asks for is the process's, so there is an end to it: beyond
// so many bytes of wasm all are let go, and whoever runs one has it.
using ImagePlace = std::tuple<const OpenKeyedFile*, uint64_t, uint64_t, bool>;
auto& of_images = *new std::map<ImagePlace, std::shared_ptr<Shared>>;
uint64_t bytes_of_images = 0;
constexpr uint64_t kMostBytesOfImages = uint64_t{256} << 20;

// Of so many libraries, so many of each, which may be anyone's.
constexpr std::size_t kMostAsking = 16;
constexpr std::size_t kMostSymbols = 2048;
// The last first.
auto& asked = *new std::deque<AskedSymbols>;

// The one of this key, made or not. With the mutex of all held.
template <class Key>
std::shared_ptr<Shared> Entry(std::map<Key, std::shared_ptr<Shared>>* modules, const Key& key) {
  std::shared_ptr<Shared>& entry = (*modules)[key];
  if (!entry) entry = std::make_shared<Shared>();
  return entry;
}

// Those of this file, if they are on their way; with the mutex of all held.
std::unique_ptr<ModuleBytes> TakeFed(const std::string& file) {
  return fed && fed->file() == file ? std::move(fed) : nullptr;
}

// "" or why not.
std::string ReadWasm(const std::string& file, std::string* bytes) {
  const OwnedFd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (fd.get() < 0 || fstat(fd.get(), &status) != 0) return std::strerror(errno);
  bytes->resize(static_cast<std::size_t>(status.st_size));
  return ReadAt(fd.get(), bytes->data(), bytes->size(), 0);
}

}  // namespace

SharedModulesHold::SharedModulesHold() {
  const std::lock_guard<std::mutex> lock(mutex);
  ++holders;
}

SharedModulesHold::~SharedModulesHold() {
  const std::lock_guard<std::mutex> lock(mutex);
  if (--holders > 0) return;
  compiled.clear();
  of_images.clear();
  bytes_of_images = 0;
  asked.clear();
  fed.reset();
}

namespace {

v8::MaybeLocal<v8::WasmModuleObject> Compile(v8::Isolate* isolate, const std::string& bytes) {
  const v8::MemorySpan<const uint8_t> span(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  return v8::WasmModuleObject::Compile(isolate, span);
}

void NoteSymbols(const std::string& bytes) {
  AskedSymbols symbols = SymbolsAskedBy(bytes, kMostSymbols);
  const std::lock_guard<std::mutex> lock(mutex);
  asked.push_front(std::move(symbols));
  if (asked.size() > kMostAsking) asked.pop_back();
}

v8::Local<v8::Array> NewTexts(v8::Isolate* isolate, const std::set<std::string_view>& texts) {
  std::vector<v8::Local<v8::Value>> values;
  for (const std::string_view text : texts) values.push_back(ToV8(isolate, text));
  return v8::Array::New(isolate, values.data(), values.size());
}

v8::MaybeLocal<v8::WasmModuleObject> Compile(v8::Isolate* isolate, const std::string& bytes, bool has_data) {
  if (!has_data) {
    NoteSymbols(bytes);
    const v8::TryCatch trying(isolate);
    v8::Local<v8::WasmModuleObject> module;
    if (Compile(isolate, WithoutInitialMemory(bytes)).ToLocal(&module)) return module;
    // Code that asks for its segments needs them.
  }
  return Compile(isolate, bytes);
}

v8::MaybeLocal<v8::WasmModuleObject> ModuleOf(v8::Isolate* isolate, const std::string& file, const std::string& key,
                                              bool has_data = true) {
  std::unique_lock<std::mutex> lock(mutex);
  was_loaded.wait_for(lock, kMostWait, [&] { return awaited != key || awaited_by == std::this_thread::get_id(); });
  const std::shared_ptr<Shared> entry = Entry(&compiled, key);
  lock.unlock();
  const std::lock_guard<std::mutex> making(entry->mutex);
  if (entry->module) return v8::WasmModuleObject::FromCompiledModule(isolate, *entry->module);
  std::string bytes;
  if (const std::string why = ReadWasm(file, &bytes); !why.empty()) {
    ThrowError(isolate, file + " cannot be read: " + why);
    return {};
  }
  v8::Local<v8::WasmModuleObject> module;
  if (!Compile(isolate, bytes, has_data).ToLocal(&module)) return {};
  entry->module.emplace(module->GetCompiledModule());
  return module;
}

// Of a part of an image.
v8::MaybeLocal<v8::WasmModuleObject> CompilePart(v8::Isolate* isolate, const OpenKeyedFile& image, uint64_t at,
                                                 uint64_t size, bool has_data) {
  std::string bytes;
  std::string why = at > image.size() || size > image.size() - at ? "there are no such bytes in it" : "";
  if (why.empty()) {
    bytes.resize(size);
    why = image.Read(bytes.data(), size, at);
  }
  if (!why.empty()) {
    ThrowError(isolate, "an image of files cannot be read: " + why);
    return {};
  }
  return Compile(isolate, bytes, has_data);
}

// A file of that name that was replaced is another.
std::string KeyOfLibrary(const std::string& file) {
  struct stat status{};
  if (stat(file.c_str(), &status) != 0) return file;
  const auto& time = status.st_mtim;
  return file + '\n' + std::to_string(status.st_size) + '.' + std::to_string(status.st_ino) + '.' +
         std::to_string(time.tv_sec) + '.' + std::to_string(time.tv_nsec);
}

}  // namespace

v8::MaybeLocal<v8::WasmModuleObject> SharedModule(v8::Isolate* isolate, const std::string& file) {
  return ModuleOf(isolate, file, file);
}

v8::MaybeLocal<v8::WasmModuleObject> SharedImageModule(v8::Isolate* isolate, const OpenKeyedFile& image, uint64_t at,
                                                       uint64_t size, bool has_data) {
  // What was opened stays open, so that no other image ever has its address.
  const ImagePlace place{&image, at, size, has_data};
  std::unique_lock<std::mutex> lock(mutex);
  const std::shared_ptr<Shared> entry = Entry(&of_images, place);
  lock.unlock();
  const std::lock_guard<std::mutex> making(entry->mutex);
  if (entry->module) return v8::WasmModuleObject::FromCompiledModule(isolate, *entry->module);
  v8::Local<v8::WasmModuleObject> module;
  if (!CompilePart(isolate, image, at, size, has_data).ToLocal(&module)) {
    lock.lock();
    // There is no end to the places that can be asked for.
    if (const auto found = of_images.find(place); found != of_images.end() && found->second == entry) {
      of_images.erase(found);
    }
    return {};
  }
  entry->module.emplace(module->GetCompiledModule());
  lock.lock();
  if (bytes_of_images + size > kMostBytesOfImages) {
    of_images.clear();
    bytes_of_images = 0;
  }
  // Others may have let go of it meanwhile.
  of_images[place] = entry;
  bytes_of_images += size;
  return module;
}

v8::Local<v8::Object> LibraryFiles(v8::Isolate* isolate, const std::vector<std::string>& libraries) {
  std::vector<v8::Local<v8::Name>> names;
  std::vector<v8::Local<v8::Value>> files;
  for (std::size_t i = 0; i + 1 < libraries.size(); i += 2) {
    names.push_back(ToV8(isolate, libraries[i]));
    files.push_back(ToV8(isolate, libraries[i + 1]));
  }
  return v8::Object::New(isolate, v8::Null(isolate), names.data(), files.data(), names.size());
}

void AddLibraryFiles(v8::Local<v8::Context> context, v8::Local<v8::Object> files,
                     const std::vector<std::string>& libraries) {
  for (std::size_t i = 0; i + 1 < libraries.size(); i += 2) {
    v8::Isolate* isolate = v8::Isolate::GetCurrent();
    files->CreateDataProperty(context, ToV8(isolate, libraries[i]), ToV8(isolate, libraries[i + 1])).Check();
  }
}

void LibraryModuleCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  v8::Local<v8::Value> file;
  if (!info.Data().As<v8::Object>()->Get(isolate->GetCurrentContext(), info[0]).ToLocal(&file) || !file->IsString()) {
    return;
  }
  const std::string name = FromV8(isolate, file.As<v8::String>());
  v8::Local<v8::WasmModuleObject> module;
  const bool has_data = !info[1]->IsTrue();
  const std::string key = KeyOfLibrary(name) + (has_data ? "" : "\nwithout data");
  if (ModuleOf(isolate, name, key, has_data).ToLocal(&module)) info.GetReturnValue().Set(module);
}

void LibrarySymbolsCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  std::unique_lock<std::mutex> lock(mutex);
  const std::deque<AskedSymbols> all = asked;
  lock.unlock();
  std::set<std::string_view> functions;
  std::set<std::string_view> addresses;
  for (const AskedSymbols& each : all) {
    functions.insert(each.functions.begin(), each.functions.end());
    addresses.insert(each.addresses.begin(), each.addresses.end());
  }
  v8::Isolate* isolate = info.GetIsolate();
  v8::Local<v8::Value> both[] = {NewTexts(isolate, functions), NewTexts(isolate, addresses)};
  info.GetReturnValue().Set(v8::Array::New(isolate, both, 2));
}

void AwaitSharedModule(const std::string& file) {
  const std::lock_guard<std::mutex> lock(mutex);
  awaited = file;
  awaited_by = std::this_thread::get_id();
}

void FeedSharedModule(const std::string& file) {
  auto bytes = std::make_unique<ModuleBytes>(file, true);
  const std::lock_guard<std::mutex> lock(mutex);
  fed.swap(bytes);
}

void DropFedModule() {
  std::unique_lock<std::mutex> lock(mutex);
  const std::unique_ptr<ModuleBytes> dropped = std::move(fed);
  lock.unlock();
}

std::string LoadSharedModule(v8::Isolate* isolate, const std::string& file, const CodePlace& place) {
  std::unique_lock<std::mutex> lock(mutex);
  const std::shared_ptr<Shared> entry = Entry(&compiled, file);
  lock.unlock();
  // Held before those who await it go on.
  const std::lock_guard<std::mutex> making(entry->mutex);
  lock.lock();
  awaited.clear();
  was_loaded.notify_all();
  std::unique_ptr<ModuleBytes> bytes = TakeFed(file);
  lock.unlock();
  if (entry->module) return "";
  std::string why;
  const std::shared_ptr<const KeyedBytes> code = KeyedBytes::Open(place.file, place.key, &why);
  if (!code) return why;
  if (!bytes) bytes = std::make_unique<ModuleBytes>(file, false);
  v8::Local<v8::WasmModuleObject> module;
  if (ModuleWithCode(isolate, bytes.get(), code->view(), &why).ToLocal(&module)) {
    entry->module.emplace(module->GetCompiledModule());
  }
  return why;
}

std::string SaveSharedModule(const std::string& file, const CodePlace& place) {
  std::unique_lock<std::mutex> lock(mutex);
  const std::shared_ptr<Shared> entry = Entry(&compiled, file);
  lock.unlock();
  std::unique_lock<std::mutex> making(entry->mutex);
  std::optional<v8::CompiledWasmModule> module = entry->module;
  making.unlock();
  if (!module) return file + " is not compiled";
  const v8::OwnedBuffer code = module->Serialize();
  if (code.size == 0) return "V8 has optimized none of it";
  return WriteKeyedFile(place.file, place.key, {reinterpret_cast<const char*>(code.buffer.get()), code.size});
}

void SharedModuleCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  v8::Local<v8::WasmModuleObject> module;
  if (SharedModule(isolate, FromV8(isolate, info.Data().As<v8::String>())).ToLocal(&module)) {
    info.GetReturnValue().Set(module);
  }
}

}  // namespace blockon
