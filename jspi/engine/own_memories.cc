#include "jspi/engine/own_memories.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>

#include "jspi/engine/v8_compat.h"
#include "jspi/util/wasm_sections.h"

namespace blockon {
namespace {

constexpr uint64_t kPageBytes = 65536;
constexpr double kMostPages = 65536;
// V8 takes some GiB of addresses for each, which a process has a limit for, too.
constexpr size_t kMostMemories = 16;
constexpr char kOwnMemory[] =
    "blockon: a module with a memory of its own cannot be used here: let it import a WebAssembly.Memory";

// V8's callback comes without data. Of this thread, whose isolate is one.
thread_local std::vector<OwnMemories*> sealed;

uint64_t MostBytes(v8::Isolate* isolate) {
  v8::HeapStatistics statistics;
  isolate->GetHeapStatistics(&statistics);
  return statistics.heap_size_limit();
}

bool IsModuleWithMemory(v8::Local<v8::Value> value) {
  if (!value->IsWasmModuleObject()) return false;
  v8::CompiledWasmModule module = value.As<v8::WasmModuleObject>()->GetCompiledModule();
  const v8::MemorySpan<const uint8_t> bytes = module.GetWireBytesRef();
  return HasOwnMemory({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

bool AreBytesWithMemory(v8::Local<v8::Value> value) {
  v8::Local<v8::ArrayBuffer> buffer;
  size_t offset = 0;
  size_t size = 0;
  if (value->IsArrayBufferView()) {
    const v8::Local<v8::ArrayBufferView> view = value.As<v8::ArrayBufferView>();
    buffer = view->Buffer();
    offset = view->ByteOffset();
    size = view->ByteLength();
  } else if (value->IsArrayBuffer()) {
    buffer = value.As<v8::ArrayBuffer>();
    size = buffer->ByteLength();
  }
  if (size == 0) return false;
  return HasOwnMemory({static_cast<const char*>(buffer->Data()) + offset, size});
}

v8::Local<v8::Value> LinkError(v8::Isolate* isolate) { return v8::Exception::WasmLinkError(ToV8(isolate, kOwnMemory)); }

bool ThrowRangeError(v8::Isolate* isolate, std::string_view text) {
  isolate->ThrowException(v8::Exception::RangeError(ToV8(isolate, text)));
  return false;
}

// The number of the property, none where it has not that property. False with an exception pending.
bool ReadNumber(v8::Local<v8::Context> context, v8::Local<v8::Object> object, const char* name,
                v8::Local<v8::Number>* number) {
  v8::Local<v8::Value> value;
  if (!object->Get(context, ToV8(v8::Isolate::GetCurrent(), name)).ToLocal(&value)) return false;
  return value->IsUndefined() || value->ToNumber(context).ToLocal(number);
}

}  // namespace

OwnMemories::~OwnMemories() { std::erase(sealed, this); }

void OwnMemories::Dispose() {
  if (!is_sealed_) return;
  realm_.SetWeak();
  new_memory_.Reset();
  instantiate_.Reset();
}

void OwnMemories::SealCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  auto* memories = UnwrapPointer<OwnMemories>(info, ExternalTag::kOwnMemories);
  if (!memories->is_sealed_) memories->Seal(info.GetIsolate()->GetCurrentContext());
}

bool OwnMemories::Seal(v8::Local<v8::Context> realm) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  const auto name = [&](const char* text) { return ToV8(isolate, text); };
  v8::Local<v8::Value> wasm_value, memory, instantiate, prototype;
  if (!realm->Global()->Get(realm, name("WebAssembly")).ToLocal(&wasm_value)) return false;
  if (!wasm_value->IsObject()) {
    ThrowError(isolate, "this realm has no WebAssembly object");
    return false;
  }
  const v8::Local<v8::Object> wasm = wasm_value.As<v8::Object>();
  if (!wasm->Get(realm, name("Memory")).ToLocal(&memory) ||
      !wasm->Get(realm, name("instantiate")).ToLocal(&instantiate)) {
    return false;
  }
  if (!memory->IsFunction() || !instantiate->IsFunction()) {
    ThrowError(isolate, "this realm's WebAssembly lacks Memory or instantiate");
    return false;
  }
  if (!memory.As<v8::Object>()->Get(realm, name("prototype")).ToLocal(&prototype)) return false;
  const v8::Local<v8::External> self = WrapPointer(isolate, this, ExternalTag::kOwnMemories);
  v8::Local<v8::Function> new_memory;
  if (!v8::Function::New(realm, MemoryCallback, self, 1, v8::ConstructorBehavior::kAllow).ToLocal(&new_memory)) {
    return false;
  }
  new_memory->SetName(name("Memory"));
  const v8::Local<v8::Function> new_instantiate = NewFunction(realm, InstantiateCallback, self);
  new_instantiate->SetName(name("instantiate"));
  const auto define = [&](v8::Local<v8::Object> object, const char* key, v8::Local<v8::Value> value, int attributes) {
    return object->DefineOwnProperty(realm, name(key), value, static_cast<v8::PropertyAttribute>(attributes))
        .FromMaybe(false);
  };
  if (!define(new_memory, "prototype", prototype, v8::ReadOnly | v8::DontEnum | v8::DontDelete) ||
      !define(prototype.As<v8::Object>(), "constructor", new_memory, v8::DontEnum) ||
      !define(wasm, "Memory", new_memory, v8::DontEnum) ||
      !define(wasm, "instantiate", new_instantiate, v8::DontEnum) ||
      !realm->Global()->Delete(realm, name("SharedArrayBuffer")).FromMaybe(false) ||
      // V8 has it where the host has streams for it, and asks nobody about its instances.
      !wasm->Delete(realm, name("instantiateStreaming")).FromMaybe(false)) {
    ThrowError(isolate, "this realm's memories cannot be sealed: its globals were changed before");
    return false;
  }
  realm_.Reset(isolate, realm);
  new_memory_.Reset(isolate, memory.As<v8::Function>());
  instantiate_.Reset(isolate, instantiate.As<v8::Function>());
  is_sealed_ = true;
  sealed.push_back(this);
  isolate->SetWasmInstanceCallback(InstanceCallback);
  return true;
}

uint64_t OwnMemories::BytesOfThread(v8::Isolate* isolate) {
  uint64_t bytes = 0;
  for (OwnMemories* memories : sealed) bytes += memories->Bytes(isolate);
  return bytes;
}

uint64_t OwnMemories::Bytes(v8::Isolate* isolate) {
  const v8::HandleScope handles(isolate);
  uint64_t bytes = 0;
  std::erase_if(memories_, [&](Memory& memory) {
    // What has grown may lie elsewhere.
    if (!memory.object.IsEmpty()) memory.store = memory.object.Get(isolate)->Buffer()->GetBackingStore();
    const std::shared_ptr<v8::BackingStore> store = memory.store.lock();
    if (store) bytes += store->ByteLength();
    return !store;
  });
  return bytes;
}

bool OwnMemories::HasRoom(v8::Isolate* isolate, uint64_t bytes) {
  const uint64_t most = MostBytes(isolate);
  const auto fits = [&] { return Bytes(isolate) + bytes <= most && memories_.size() < kMostMemories; };
  if (fits()) return true;
  if (bytes > most) return false;
  isolate->LowMemoryNotification();
  return fits();
}

v8::MaybeLocal<v8::Object> OwnMemories::Descriptor(v8::Local<v8::Context> context, v8::Local<v8::Object> asked) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  v8::Local<v8::Value> address, shared;
  v8::Local<v8::Number> initial, maximum;
  if (!asked->Get(context, ToV8(isolate, "address")).ToLocal(&address)) return {};
  if (!address->IsUndefined()) {
    v8::Local<v8::String> text;
    if (!address->ToString(context).ToLocal(&text)) return {};
    if (!text->StringEquals(ToV8(isolate, "i32"))) {
      ThrowTypeError(isolate, "blockon: a memory's addresses are i32 here");
      return {};
    }
  }
  if (!ReadNumber(context, asked, "initial", &initial) || !ReadNumber(context, asked, "maximum", &maximum) ||
      !asked->Get(context, ToV8(isolate, "shared")).ToLocal(&shared)) {
    return {};
  }
  if (shared->BooleanValue(isolate)) {
    ThrowTypeError(isolate, "blockon: no memory is shared here");
    return {};
  }
  const double most = std::min(kMostPages, static_cast<double>(MostBytes(isolate) / kPageBytes));
  // What is no number of pages is V8's to say.
  if (!initial.IsEmpty() && initial->Value() > 0) {
    const double pages = std::min(std::floor(initial->Value()), kMostPages);
    if (!HasRoom(isolate, static_cast<uint64_t>(pages) * kPageBytes)) {
      ThrowRangeError(isolate, "blockon: there is no room for another WebAssembly.Memory: there are " +
                                   std::to_string(memories_.size()) + " of at most " + std::to_string(kMostMemories) +
                                   ", which may hold as much as JavaScript's heap (heap_mb)");
      return {};
    }
  } else if (!HasRoom(isolate, 0)) {
    ThrowRangeError(isolate, "blockon: there are " + std::to_string(kMostMemories) + " WebAssembly.Memory already");
    return {};
  }
  if (maximum.IsEmpty() || maximum->Value() > most) maximum = v8::Number::New(isolate, most);
  const v8::Local<v8::Object> given = v8::Object::New(isolate);
  if (!initial.IsEmpty()) SetProperty(context, given, "initial", initial);
  SetProperty(context, given, "maximum", maximum);
  return given;
}

void OwnMemories::MemoryCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const v8::Local<v8::Context> context = isolate->GetCurrentContext();
  auto* memories = UnwrapPointer<OwnMemories>(info, ExternalTag::kOwnMemories);
  if (!info.IsConstructCall()) return ThrowTypeError(isolate, "WebAssembly.Memory must be invoked with 'new'");
  if (!info[0]->IsObject()) {
    return ThrowTypeError(isolate, "WebAssembly.Memory(): Argument 0 must be a memory descriptor");
  }
  v8::Local<v8::Object> given;
  if (!memories->Descriptor(context, info[0].As<v8::Object>()).ToLocal(&given)) return;
  if (memories->new_memory_.IsEmpty()) return ThrowError(isolate, "blockon: this realm has ended");
  v8::Local<v8::Value> argument = given;
  v8::Local<v8::Object> object;
  if (!memories->new_memory_.Get(isolate)->NewInstance(context, 1, &argument).ToLocal(&object)) return;
  const v8::Local<v8::WasmMemoryObject> memory = object.As<v8::WasmMemoryObject>();
  Memory kept{.object = v8::Global<v8::WasmMemoryObject>(isolate, memory),
              .store = memory->Buffer()->GetBackingStore()};
  kept.object.SetWeak();
  memories->memories_.push_back(std::move(kept));
  info.GetReturnValue().Set(object);
  if (!info.NewTarget()->IsObject()) return;
  v8::Local<v8::Value> prototype;
  if (!info.NewTarget().As<v8::Object>()->Get(context, ToV8(isolate, "prototype")).ToLocal(&prototype)) return;
  if (prototype->IsObject()) object->SetPrototypeV2(context, prototype).Check();
}

bool OwnMemories::InstanceCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const v8::Local<v8::Context> context = isolate->GetCurrentContext();
  if (std::ranges::none_of(sealed, [&](const OwnMemories* one) { return one->realm_ == context; })) return false;
  if (!IsModuleWithMemory(info[0])) return false;
  isolate->ThrowException(LinkError(isolate));
  return true;
}

void OwnMemories::InstantiateCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const v8::Local<v8::Context> context = isolate->GetCurrentContext();
  const auto* memories = UnwrapPointer<OwnMemories>(info, ExternalTag::kOwnMemories);
  if (memories->instantiate_.IsEmpty()) return ThrowError(isolate, "blockon: this realm has ended");
  if (IsModuleWithMemory(info[0]) || AreBytesWithMemory(info[0])) {
    v8::Local<v8::Promise::Resolver> resolver;
    if (!v8::Promise::Resolver::New(context).ToLocal(&resolver)) return;
    resolver->Reject(context, LinkError(isolate)).Check();
    return info.GetReturnValue().Set(resolver->GetPromise());
  }
  std::vector<v8::Local<v8::Value>> arguments;
  for (int index = 0; index < info.Length(); index++) arguments.push_back(info[index]);
  v8::Local<v8::Value> result;
  if (memories->instantiate_.Get(isolate)
          ->Call(context, info.This(), static_cast<int>(arguments.size()), arguments.data())
          .ToLocal(&result)) {
    info.GetReturnValue().Set(result);
  }
}

}  // namespace blockon
