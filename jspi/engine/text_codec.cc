#include "jspi/engine/text_codec.h"

#include <cstring>
#include <string>
#include <vector>

#include "jspi/engine/too_large.h"
#include "jspi/engine/v8_compat.h"
#include "jspi/util/utf8.h"

namespace blockon {
namespace {

struct Bytes {
  const uint8_t* data = nullptr;
  size_t size = 0;
};

// False with a TypeError pending. The bytes are good until JavaScript runs.
bool ReadBytes(v8::Isolate* isolate, v8::Local<v8::Value> value, Bytes* bytes) {
  v8::Local<v8::ArrayBuffer> buffer;
  size_t offset = 0;
  if (value->IsArrayBufferView()) {
    const v8::Local<v8::ArrayBufferView> view = value.As<v8::ArrayBufferView>();
    if (!view->Buffer()->IsArrayBuffer()) {
      ThrowTypeError(isolate, "shared memory cannot be decoded");
      return false;
    }
    buffer = view->Buffer();
    offset = view->ByteOffset();
    bytes->size = view->ByteLength();
  } else if (value->IsArrayBuffer()) {
    buffer = value.As<v8::ArrayBuffer>();
    bytes->size = buffer->ByteLength();
  } else {
    ThrowTypeError(isolate, "expected an ArrayBuffer or a view of one");
    return false;
  }
  bytes->data = static_cast<const uint8_t*>(buffer->Data()) + offset;
  return true;
}

bool TooLong(v8::Isolate* isolate, size_t units) {
  if (units <= static_cast<size_t>(v8::String::kMaxLength)) return false;
  ThrowRangeError(isolate, "the text is longer than a string can be");
  return true;
}

}  // namespace

void EncodeUtf8Callback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  if (!info[0]->IsString()) return ThrowTypeError(isolate, "expected a string");
  const v8::Local<v8::String> text = info[0].As<v8::String>();
  const size_t size = text->Utf8LengthV2(isolate);
  auto store = NewBytesOrNull(isolate, size);
  if (!store) return ThrowRangeError(isolate, "there is no memory for so many bytes");
  if (size > 0) {
    text->WriteUtf8V2(isolate, static_cast<char*>(store->Data()), size, v8::String::WriteFlags::kReplaceInvalidUtf8);
  }
  const v8::Local<v8::ArrayBuffer> buffer = v8::ArrayBuffer::New(isolate, std::move(store));
  info.GetReturnValue().Set(v8::Uint8Array::New(buffer, 0, size));
}

void DecodeUtf8Callback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  Bytes bytes;
  if (!ReadBytes(isolate, info[0], &bytes) || TooLong(isolate, bytes.size)) return;
  if (info[1]->IsTrue() && !IsValidUtf8(bytes.data, bytes.size)) {
    return ThrowTypeError(isolate, "The encoded data was not valid for encoding utf-8");
  }
  v8::Local<v8::String> text;
  if (v8::String::NewFromUtf8(isolate, reinterpret_cast<const char*>(bytes.data), v8::NewStringType::kNormal,
                              static_cast<int>(bytes.size))
          .ToLocal(&text)) {
    info.GetReturnValue().Set(text);
  }
}

void DecodeLatin1Callback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  Bytes bytes;
  if (!ReadBytes(isolate, info[0], &bytes) || TooLong(isolate, bytes.size)) return;
  v8::Local<v8::String> text;
  if (v8::String::NewFromOneByte(isolate, bytes.data, v8::NewStringType::kNormal, static_cast<int>(bytes.size))
          .ToLocal(&text)) {
    info.GetReturnValue().Set(text);
  }
}

void DecodeUtf16Callback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  Bytes bytes;
  if (!ReadBytes(isolate, info[0], &bytes) || TooLong(isolate, bytes.size / 2 + 1)) return;
  std::vector<uint16_t> units(bytes.size / 2);
  if (!units.empty()) std::memcpy(units.data(), bytes.data, units.size() * sizeof(uint16_t));
  if (bytes.size % 2 != 0) units.push_back(0xfffd);
  v8::Local<v8::String> text;
  if (v8::String::NewFromTwoByte(isolate, units.data(), v8::NewStringType::kNormal, static_cast<int>(units.size()))
          .ToLocal(&text)) {
    info.GetReturnValue().Set(text);
  }
}

}  // namespace blockon
