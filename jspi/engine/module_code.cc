#include "jspi/engine/module_code.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>
#include <variant>

#include "jspi/util/owned_fd.h"
#include "jspi/util/whole_file.h"

namespace blockon {
namespace {

// V8 copies what it is given: pieces that stay in the processor's cache cost less than the whole file.
constexpr uint64_t kPiece = 256 << 10;

// "" or why not.
std::string GiveFile(const std::string& file, v8::WasmModuleCompilation* compilation) {
  const OwnedFd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (fd.get() < 0 || fstat(fd.get(), &status) != 0) return std::strerror(errno);
  const auto size = static_cast<uint64_t>(status.st_size);
  const auto piece = std::make_unique_for_overwrite<uint8_t[]>(kPiece);
  for (uint64_t at = 0; at < size; at += kPiece) {
    const uint64_t count = std::min(kPiece, size - at);
    if (std::string why = ReadAt(fd.get(), piece.get(), count, at); !why.empty()) return why;
    compilation->OnBytesReceived(piece.get(), count);
  }
  return "";
}

// What V8's callbacks say, which may outlive the call if V8 does not call them within it.
struct Outcome {
  bool accepted = false;
  v8::Global<v8::WasmModuleObject> module;
};

}  // namespace

ModuleBytes::ModuleBytes(std::string file, bool aside)
    : file_(std::move(file)), compilation_(std::make_unique<v8::WasmModuleCompilation>()) {
  compilation_->SetHasCompiledModuleBytes();
  if (aside) {
    try {
      thread_ = std::thread(&ModuleBytes::Give, this);
      return;
    } catch (const std::system_error&) {
      // There can be no more of them.
    }
  }
  Give();
}

void ModuleBytes::Give() { why_ = GiveFile(file_, compilation_.get()); }

ModuleBytes::~ModuleBytes() {
  if (thread_.joinable()) thread_.join();
  if (compilation_) compilation_->Abort();
}

std::unique_ptr<v8::WasmModuleCompilation> ModuleBytes::Take(std::string* why) {
  if (thread_.joinable()) thread_.join();
  *why = why_;
  return why_.empty() ? std::move(compilation_) : nullptr;
}

v8::MaybeLocal<v8::WasmModuleObject> ModuleWithCode(v8::Isolate* isolate, ModuleBytes* bytes, std::string_view code,
                                                    std::string* why) {
  const auto outcome = std::make_shared<Outcome>();
  const std::unique_ptr<v8::WasmModuleCompilation> compilation = bytes->Take(why);
  if (!compilation) return {};
  compilation->Finish(
      isolate,
      [outcome, code](v8::WasmStreaming::ModuleCachingInterface& caching) {
        outcome->accepted =
            caching.SetCachedCompiledModuleBytes({reinterpret_cast<const uint8_t*>(code.data()), code.size()});
      },
      [outcome, isolate](std::variant<v8::Local<v8::WasmModuleObject>, v8::Local<v8::Value>> result) {
        if (std::holds_alternative<v8::Local<v8::WasmModuleObject>>(result)) {
          outcome->module.Reset(isolate, std::get<v8::Local<v8::WasmModuleObject>>(result));
        }
      });
  if (!outcome->accepted) {
    *why = "V8 does not take it: it is of another version of V8, other flags or another processor";
    return {};
  }
  if (outcome->module.IsEmpty()) {
    *why = "V8 makes no module of it";
    return {};
  }
  return outcome->module.Get(isolate);
}

}  // namespace blockon
