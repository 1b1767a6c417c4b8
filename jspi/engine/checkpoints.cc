#include "jspi/engine/checkpoints.h"

#include <openssl/rand.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "jspi/engine/memory_part.h"
#include "jspi/engine/v8_compat.h"
#include "jspi/util/crc32c.h"
#include "jspi/util/thread_meter.h"
#include "jspi/util/trace.h"

namespace blockon {
namespace {

// Empty with an exception pending.
v8::MaybeLocal<v8::ArrayBuffer> BufferOf(const v8::FunctionCallbackInfo<v8::Value>& info, const char* what) {
  if (info[0]->IsWasmMemoryObject()) {
    // Asked for each time: a memory that grows gets another buffer.
    const v8::Local<v8::ArrayBuffer> buffer = info[0].As<v8::WasmMemoryObject>()->Buffer();
    // A shared memory's is a SharedArrayBuffer.
    if (buffer->IsArrayBuffer()) return buffer;
  }
  ThrowTypeError(info.GetIsolate(), std::string(what) + " needs a WebAssembly.Memory that is not shared");
  return {};
}

// For the tests: what the memory holds, up to its size at the checkpoint, by a checksum, and whether all behind that is zeros.
void TraceMemory(const char* what, v8::Local<v8::ArrayBuffer> buffer, std::size_t size, const RestoredPages& pages) {
  if (!Trace().resets) return;
  const auto* bytes = static_cast<const char*>(buffer->Data());
  const bool is_zero = std::all_of(bytes + size, bytes + buffer->ByteLength(), [](char byte) { return byte == 0; });
  std::fprintf(stderr, "blockon: %s: %zu bytes %08x, %zu more%s; %zu pages copied, %zu dropped%s\n", what, size,
               Crc32c(bytes, size), buffer->ByteLength() - size, is_zero ? "" : " that are not zeros", pages.copied,
               pages.dropped, pages.is_known ? ", all known" : "");
}

}  // namespace

bool Checkpoints::Seed(char* memory) {
  constexpr std::size_t kStateBytes = sizeof MersenneTwister::state;
  for (const uint32_t address : generators_) {
    if (random_.empty()) {
      random_.resize(kStates * kStateBytes);
      if (RAND_bytes(random_.data(), static_cast<int>(random_.size())) != 1) {
        random_.clear();
        return false;
      }
    }
    auto* const generator = reinterpret_cast<MersenneTwister*>(memory + address);
    std::memcpy(generator->state, random_.data() + random_.size() - kStateBytes, kStateBytes);
    random_.resize(random_.size() - kStateBytes);
    // All of it is used up: the first number makes the next ones.
    generator->next = MersenneTwister::kWords;
  }
  return true;
}

void Checkpoints::TakeCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  auto* self = UnwrapPointer<Checkpoints>(info, ExternalTag::kCheckpoints);
  v8::Local<v8::ArrayBuffer> buffer;
  if (!BufferOf(info, "checkpoint_take").ToLocal(&buffer)) return;
  // Not those of a checkpoint that stays, whose memory may be another and smaller.
  std::vector<uint32_t> generators;
  for (int i = 1; i < info.Length(); i++) {
    const uint32_t address = info[i]->IsUint32() ? info[i].As<v8::Uint32>()->Value() : 0;
    if (!PartOf<MersenneTwister>(*buffer->GetBackingStore(), address)) {
      return ThrowTypeError(info.GetIsolate(), "checkpoint_take: a generator is no part of the memory");
    }
    generators.push_back(address);
  }
  self->slices_->Leave();
  const ThreadMeter::Quiet quiet = self->limits_->KeepFromAsking();
  std::string why;
  self->checkpoint_ = MemoryCheckpoint::Take(buffer->Data(), buffer->ByteLength(), &why);
  self->generators_ = std::move(generators);
  if (!self->checkpoint_) return ThrowError(info.GetIsolate(), "checkpoint_take: " + why);
  TraceMemory("checkpoint", buffer, self->checkpoint_->size(), {});
}

void Checkpoints::RestoreCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  auto* self = UnwrapPointer<Checkpoints>(info, ExternalTag::kCheckpoints);
  v8::Local<v8::ArrayBuffer> buffer;
  if (!BufferOf(info, "checkpoint_restore").ToLocal(&buffer)) return;
  if (!self->checkpoint_) return ThrowError(info.GetIsolate(), "checkpoint_restore: there is no checkpoint");
  RestoredPages pages;
  const bool others_wrote = self->slices_->Leave();
  const ThreadMeter::Quiet quiet = self->limits_->KeepFromAsking();
  const std::string why =
      self->checkpoint_->Restore(buffer->Data(), buffer->ByteLength(), others_wrote || quiet.was_asked, &pages);
  if (!why.empty()) return ThrowError(info.GetIsolate(), "checkpoint_restore: " + why);
  TraceMemory("reset", buffer, self->checkpoint_->size(), pages);
  if (!self->Seed(static_cast<char*>(buffer->Data()))) {
    return ThrowError(info.GetIsolate(), "checkpoint_restore: the system gives no random bytes");
  }
  info.GetReturnValue().Set(static_cast<double>(pages.copied + pages.dropped));
}

}  // namespace blockon
