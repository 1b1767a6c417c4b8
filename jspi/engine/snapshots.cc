#include "jspi/engine/snapshots.h"

#include "jspi/engine/v8_compat.h"
#include "jspi/util/thread_meter.h"

namespace blockon {
namespace {

// The bytes of an argument that is a memory of its isolate's alone; null with an exception pending.
std::shared_ptr<v8::BackingStore> BytesOfMemory(v8::Isolate* isolate, v8::Local<v8::Value> memory, const char* what) {
  if (memory->IsWasmMemoryObject()) {
    const v8::Local<v8::ArrayBuffer> buffer = memory.As<v8::WasmMemoryObject>()->Buffer();
    // A shared memory's is a SharedArrayBuffer.
    if (buffer->IsArrayBuffer()) return buffer->GetBackingStore();
  }
  ThrowTypeError(isolate, std::string(what) + " needs a WebAssembly.Memory that is not shared");
  return nullptr;
}

}  // namespace

std::string Snapshots::Use(std::shared_ptr<const MemoryImage> image) {
  if (image != options_.image && (!image->base() || image->base() != options_.image.get())) {
    return "it does not lie over the snapshot that the interpreter has begun with";
  }
  options_.image = std::move(image);
  return "";
}

std::string Snapshots::Trim(GivenUpPages* pages) const {
  *pages = {};
  const std::shared_ptr<v8::BackingStore> memory = memory_.lock();
  return memory ? mapped_->GiveEqualUp(memory->Data(), memory->ByteLength(), pages) : "";
}

void Snapshots::NotesCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  const auto& image = UnwrapPointer<Snapshots>(info, ExternalTag::kSnapshots)->options_.image;
  if (image) info.GetReturnValue().Set(ToV8(info.GetIsolate(), image->notes()));
}

void Snapshots::SizeCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  const auto& image = UnwrapPointer<Snapshots>(info, ExternalTag::kSnapshots)->options_.image;
  info.GetReturnValue().Set(image ? static_cast<double>(image->memory_size()) : 0.0);
}

void Snapshots::MapCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  auto* const self = UnwrapPointer<Snapshots>(info, ExternalTag::kSnapshots);
  const auto& image = self->options_.image;
  if (!image) return ThrowError(isolate, "snapshot_map: this realm has no snapshot");
  const auto bytes = BytesOfMemory(isolate, info[0], "snapshot_map");
  if (!bytes) return;
  const std::size_t size = bytes->ByteLength();
  const bool has_base = self->mapped_ != nullptr && self->mapped_.get() == image->base();
  if (size < image->memory_size() || (size > image->memory_size() && !has_base)) {
    return ThrowError(isolate, "snapshot_map: the memory has " + std::to_string(size) + " bytes, the snapshot " +
                                   std::to_string(image->memory_size()));
  }
  // It may have run meanwhile: the clock's thread, and who asks for its request, write to the memory, too.
  self->slices_->Leave();
  const ThreadMeter::Quiet quiet = self->limits_->KeepFromAsking();
  const std::string why = has_base ? image->PutOver(bytes->Data(), size) : image->MapOver(bytes->Data());
  self->mapped_ = nullptr;
  self->memory_.reset();
  if (!why.empty()) return ThrowError(isolate, "snapshot_map: " + why);
  self->mapped_ = image;
  self->memory_ = bytes;
}

void Snapshots::SaveCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const SnapshotOptions& options = UnwrapPointer<Snapshots>(info, ExternalTag::kSnapshots)->options_;
  if (options.save_to.empty()) return ThrowError(isolate, "snapshot_save: no snapshot is to be made of this realm");
  const auto bytes = BytesOfMemory(isolate, info[0], "snapshot_save");
  if (!bytes) return;
  if (!info[1]->IsString()) return ThrowTypeError(isolate, "snapshot_save needs notes");
  const std::string why = WriteMemoryImage(options.save_to, options.key, FromV8(isolate, info[1].As<v8::String>()),
                                           bytes->Data(), bytes->ByteLength(), options.save_over.get());
  if (!why.empty()) ThrowError(isolate, options.save_to + " cannot be written: " + why);
}

}  // namespace blockon
