#include "jspi/engine/structured_clone.h"

#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "jspi/engine/v8_compat.h"

namespace blockon {
namespace {

v8::Local<v8::Private> Mark(v8::Isolate* isolate) {
  return v8::Private::ForApi(isolate, ToV8(isolate, "blockon.platform_prototype"));
}

// Calls a function of the realm, whose exception stays pending.
bool Call(v8::Local<v8::Context> context, v8::Local<v8::Function> function, v8::Local<v8::Value> argument,
          v8::Local<v8::Value>* result) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  return function->Call(context, v8::Undefined(isolate), 1, &argument).ToLocal(result);
}

// Objects with a marked prototype, in the order in which they were written. Not Locals: the serializer has scopes of its own.
using MarkedObjects = std::vector<v8::Global<v8::Object>>;

class Writer : public v8::ValueSerializer::Delegate {
 public:
  Writer(v8::Local<v8::Context> context, v8::Local<v8::Function> refuse, MarkedObjects* marked)
      : context_(context), refuse_(refuse), marked_(marked) {}

  void set_serializer(v8::ValueSerializer* serializer) { serializer_ = serializer; }

  void ThrowDataCloneError(v8::Local<v8::String> message) override {
    v8::Local<v8::Value> ignored;
    if (Call(context_, refuse_, message, &ignored)) ThrowTypeError(v8::Isolate::GetCurrent(), "refuse has to throw");
  }

  bool HasCustomHostObject(v8::Isolate*) override { return true; }

  // Looks nothing up that could be a getter or a Proxy's.
  v8::Maybe<bool> IsHostObject(v8::Isolate* isolate, v8::Local<v8::Object> object) override {
    v8::Local<v8::Value> prototype = object->GetPrototypeV2();
    while (prototype->IsObject() && !prototype->IsProxy()) {
      const v8::Local<v8::Object> each = prototype.As<v8::Object>();
      bool is_marked;
      if (!each->HasPrivate(context_, Mark(isolate)).To(&is_marked)) return v8::Nothing<bool>();
      if (is_marked) return v8::Just(true);
      prototype = each->GetPrototypeV2();
    }
    return v8::Just(false);
  }

  v8::Maybe<bool> WriteHostObject(v8::Isolate* isolate, v8::Local<v8::Object> object) override {
    serializer_->WriteUint32(static_cast<uint32_t>(marked_->size()));
    marked_->emplace_back(isolate, object);
    return v8::Just(true);
  }

 private:
  const v8::Local<v8::Context> context_;
  const v8::Local<v8::Function> refuse_;
  MarkedObjects* const marked_;
  v8::ValueSerializer* serializer_ = nullptr;
};

class Reader : public v8::ValueDeserializer::Delegate {
 public:
  // `clones` are those of the marked objects: V8 lets no JavaScript run while it reads.
  explicit Reader(const MarkedObjects* clones) : clones_(clones) {}

  void set_deserializer(v8::ValueDeserializer* deserializer) { deserializer_ = deserializer; }

  v8::MaybeLocal<v8::Object> ReadHostObject(v8::Isolate* isolate) override {
    uint32_t index;
    if (deserializer_->ReadUint32(&index) && index < clones_->size()) return (*clones_)[index].Get(isolate);
    ThrowError(isolate, "the clone of an object cannot be read");
    return {};
  }

 private:
  const MarkedObjects* const clones_;
  v8::ValueDeserializer* deserializer_ = nullptr;
};

using Buffers = std::vector<v8::Local<v8::ArrayBuffer>>;

// False with an exception pending: what is in the list is no buffer that can be detached, or is there twice.
bool ReadTransfers(v8::Local<v8::Context> context, v8::Local<v8::Value> list, Writer* writer, Buffers* buffers) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  if (!list->IsArray()) return true;
  const v8::Local<v8::Array> array = list.As<v8::Array>();
  const v8::Local<v8::Set> known = v8::Set::New(isolate);
  for (uint32_t i = 0; i < array->Length(); i++) {
    v8::Local<v8::Value> item;
    if (!array->Get(context, i).ToLocal(&item)) return false;
    const bool is_good = item->IsArrayBuffer() && item.As<v8::ArrayBuffer>()->IsDetachable() &&
                         !item.As<v8::ArrayBuffer>()->WasDetached();
    if (!is_good) {
      writer->ThrowDataCloneError(ToV8(isolate, "an item of the transfer list is no ArrayBuffer that can be detached"));
      return false;
    }
    bool is_known;
    if (!known->Has(context, item).To(&is_known) || known->Add(context, item).IsEmpty()) return false;
    if (is_known) {
      writer->ThrowDataCloneError(ToV8(isolate, "an ArrayBuffer is twice in the transfer list"));
      return false;
    }
    buffers->push_back(item.As<v8::ArrayBuffer>());
  }
  return true;
}

// Puts the clone of each in its place. False with an exception pending.
bool CloneMarked(v8::Local<v8::Context> context, v8::Local<v8::Function> clone_marked, MarkedObjects* objects) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  for (v8::Global<v8::Object>& object : *objects) {
    v8::Local<v8::Value> clone;
    if (!Call(context, clone_marked, object.Get(isolate), &clone)) return false;
    if (!clone->IsObject()) {
      ThrowTypeError(isolate, "the clone of an object is no object");
      return false;
    }
    object.Reset(isolate, clone.As<v8::Object>());
  }
  return true;
}

struct FreeDeleter {
  void operator()(uint8_t* data) const { std::free(data); }
};

v8::MaybeLocal<v8::Value> Clone(v8::Local<v8::Context> context, v8::Local<v8::Value> value, v8::Local<v8::Value> list,
                                v8::Local<v8::Function> refuse, v8::Local<v8::Function> clone_marked) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  MarkedObjects marked;
  Writer writer(context, refuse, &marked);
  Buffers buffers;
  if (!ReadTransfers(context, list, &writer, &buffers)) return {};
  v8::ValueSerializer serializer(isolate, &writer);
  writer.set_serializer(&serializer);
  serializer.WriteHeader();
  for (uint32_t i = 0; i < buffers.size(); i++) serializer.TransferArrayBuffer(i, buffers[i]);
  bool is_written;
  if (!serializer.WriteValue(context, value).To(&is_written)) return {};
  const auto [data, size] = serializer.Release();
  const std::unique_ptr<uint8_t, FreeDeleter> owned(data);

  if (!CloneMarked(context, clone_marked, &marked)) return {};

  Reader reader(&marked);
  v8::ValueDeserializer deserializer(isolate, data, size, &reader);
  reader.set_deserializer(&deserializer);
  bool is_good;
  if (!deserializer.ReadHeader(context).To(&is_good)) return {};
  for (uint32_t i = 0; i < buffers.size(); i++) {
    // A getter of the value may have detached it, or made it one that cannot be, which V8 does not forgive.
    if (buffers[i]->WasDetached() || !buffers[i]->IsDetachable()) {
      writer.ThrowDataCloneError(ToV8(isolate, "an ArrayBuffer to be transferred is detached"));
      return {};
    }
    const auto store = buffers[i]->GetBackingStore();
    if (!buffers[i]->Detach(v8::Local<v8::Value>()).To(&is_good)) return {};
    deserializer.TransferArrayBuffer(i, v8::ArrayBuffer::New(isolate, store));
  }
  return deserializer.ReadValue(context);
}

}  // namespace

void MarkPrototypeCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  if (!info[0]->IsObject() || info[0]->IsProxy()) return ThrowTypeError(isolate, "expected a prototype");
  bool done;
  if (!info[0].As<v8::Object>()->SetPrivate(isolate->GetCurrentContext(), Mark(isolate), v8::True(isolate)).To(&done)) {
    return;
  }
}

void StructuredCloneCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  if (!info[2]->IsFunction() || !info[3]->IsFunction()) {
    return ThrowTypeError(isolate, "structuredClone needs its two functions");
  }
  v8::Local<v8::Value> clone;
  if (Clone(isolate->GetCurrentContext(), info[0], info[1], info[2].As<v8::Function>(), info[3].As<v8::Function>())
          .ToLocal(&clone)) {
    info.GetReturnValue().Set(clone);
  }
}

}  // namespace blockon
