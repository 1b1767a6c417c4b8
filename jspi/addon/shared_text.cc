#include "jspi/addon/shared_text.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "jspi/engine/v8_compat.h"
#include "jspi/util/owned_fd.h"
#include "jspi/util/whole_file.h"

namespace blockon {
namespace {

struct FileText {
  std::string characters;
  bool is_ascii;
};
using Text = std::shared_ptr<const FileText>;

// One string of an isolate's. V8 deletes it with the string, on any thread.
class Characters : public v8::String::ExternalOneByteStringResource {
 public:
  explicit Characters(Text text) : text_(std::move(text)) {}
  const char* data() const override { return text_->characters.data(); }
  size_t length() const override { return text_->characters.size(); }

 private:
  const Text text_;
};

// Null with why not.
Text Read(const std::string& file, std::string* why) {
  const OwnedFd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (fd.get() < 0 || fstat(fd.get(), &status) != 0) {
    *why = SystemError("open");
    return nullptr;
  }
  std::string text(static_cast<size_t>(status.st_size), '\0');
  *why = ReadAt(fd.get(), text.data(), text.size(), 0);
  if (!why->empty()) return nullptr;
  const bool is_ascii = std::ranges::all_of(text, [](char one) { return static_cast<unsigned char>(one) < 0x80; });
  return std::make_shared<const FileText>(std::move(text), is_ascii);
}

// What the process has of a file, as long as somebody has it.
Text ReadOnce(const std::string& file, std::string* why) {
  static std::mutex mutex;
  // Never freed: a thread may be in here while the process ends.
  static auto& read = *new std::map<std::string, std::weak_ptr<const FileText>>;
  const std::lock_guard<std::mutex> lock(mutex);
  std::weak_ptr<const FileText>& known = read[file];
  Text text = known.lock();
  if (!text) {
    text = Read(file, why);
    known = text;
  }
  return text;
}

}  // namespace

void SharedText(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  if (!info[0]->IsString()) return ThrowTypeError(isolate, "sharedText needs the name of a file");
  const std::string file = FromV8(isolate, info[0].As<v8::String>());
  std::string why;
  const Text text = ReadOnce(file, &why);
  if (!text) return ThrowError(isolate, file + " cannot be read: " + why);
  if (!text->is_ascii || text->characters.empty()) {
    return info.GetReturnValue().Set(ToV8(isolate, text->characters));
  }
  auto characters = std::make_unique<Characters>(text);
  v8::Local<v8::String> string;
  if (!v8::String::NewExternalOneByte(isolate, characters.get()).ToLocal(&string)) return;
  // It is the string's by now.
  static_cast<void>(characters.release());
  info.GetReturnValue().Set(string);
}

}  // namespace blockon
