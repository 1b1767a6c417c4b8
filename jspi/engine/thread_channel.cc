#include "jspi/engine/thread_channel.h"

#include <node.h>

#include <cstring>
#include <map>
#include <utility>

#include "jspi/engine/environment_end.h"
#include "jspi/engine/v8_compat.h"

namespace blockon {
namespace {

// Up to this many bytes, copying them costs less than handing their memory over.
constexpr size_t kMostCopied = 4096;

struct Published {
  std::mutex mutex;
  uint32_t last = 0;
  std::map<uint32_t, std::shared_ptr<ThreadChannel>> channels;
};

Published& AllPublished() {
  // Threads may end after static objects have.
  static auto* published = new Published;
  return *published;
}

void ReadText(v8::Isolate* isolate, v8::Local<v8::String> text, ThreadChannel::Message* message) {
  const auto length = static_cast<uint32_t>(text->Length());
  if (text->ContainsOnlyOneByte()) {
    message->narrow.resize(length);
    text->WriteOneByteV2(isolate, 0, length, reinterpret_cast<uint8_t*>(message->narrow.data()));
  } else {
    message->wide.resize(length);
    text->WriteV2(isolate, 0, length, reinterpret_cast<uint16_t*>(message->wide.data()));
  }
}

// Of more than a few bytes the sender keeps none.
void ReadBytes(v8::Local<v8::ArrayBufferView> view, ThreadChannel::Message* message) {
  message->has_bytes = true;
  const size_t size = view->ByteLength();
  if (size > kMostCopied) {
    const v8::Local<v8::ArrayBuffer> buffer = view->Buffer();
    if (size == buffer->ByteLength() && buffer->IsDetachable()) {
      message->memory = buffer->GetBackingStore();
      if (buffer->Detach(v8::Local<v8::Value>()).FromMaybe(false)) return;
      message->memory = nullptr;
    }
  }
  message->copied.resize(size);
  view->CopyContents(message->copied.data(), size);
}

void ReadUtf8(v8::Isolate* isolate, v8::Local<v8::String> text, ThreadChannel::Message* message) {
  message->has_bytes = true;
  message->copied.resize(text->Utf8LengthV2(isolate));
  text->WriteUtf8V2(isolate, message->copied.data(), message->copied.size(),
                    v8::String::WriteFlags::kReplaceInvalidUtf8);
}

v8::MaybeLocal<v8::String> NewText(v8::Isolate* isolate, const ThreadChannel::Message& message) {
  if (!message.wide.empty()) {
    return v8::String::NewFromTwoByte(isolate, reinterpret_cast<const uint16_t*>(message.wide.data()),
                                      v8::NewStringType::kNormal, static_cast<int>(message.wide.size()));
  }
  return v8::String::NewFromOneByte(isolate, reinterpret_cast<const uint8_t*>(message.narrow.data()),
                                    v8::NewStringType::kNormal, static_cast<int>(message.narrow.size()));
}

v8::Local<v8::Value> NewBytes(v8::Isolate* isolate, ThreadChannel::Message* message) {
  if (!message->has_bytes) return v8::Null(isolate);
  v8::Local<v8::ArrayBuffer> buffer;
  if (message->memory) {
    buffer = v8::ArrayBuffer::New(isolate, std::move(message->memory));
  } else {
    buffer = v8::ArrayBuffer::New(isolate, message->copied.size());
    if (!message->copied.empty()) std::memcpy(buffer->Data(), message->copied.data(), message->copied.size());
  }
  return v8::Uint8Array::New(buffer, 0, buffer->ByteLength());
}

}  // namespace

void ThreadChannel::Post(int side, Message message) {
  Mailbox& box = boxes_[side];
  {
    const std::lock_guard lock(mutex_);
    if (box.closed) return;
    box.messages.push_back(std::move(message));
    // One that has been told takes all that came until it does.
    if (!box.is_attached || box.messages.size() != 1) return;
  }
  Wake(box);
}

void ThreadChannel::Wake(Mailbox& box) {
  const std::lock_guard lock(box.waking);
  if (box.waker) box.waker->Wake();
}

std::deque<ThreadChannel::Message> ThreadChannel::Take(int side) {
  const std::lock_guard lock(mutex_);
  return std::exchange(boxes_[side].messages, {});
}

void ThreadChannel::Attach(int side, LoopWaker* waker) {
  Mailbox& box = boxes_[side];
  {
    const std::lock_guard lock(box.waking);
    box.waker = waker;
  }
  {
    const std::lock_guard lock(mutex_);
    box.is_attached = true;
    if (box.messages.empty()) return;
  }
  Wake(box);
}

void ThreadChannel::Detach(int side) {
  Mailbox& box = boxes_[side];
  {
    const std::lock_guard lock(box.waking);
    box.waker = nullptr;
  }
  std::deque<Message> unread;
  const std::lock_guard lock(mutex_);
  box.closed = true;
  unread.swap(box.messages);
}

uint32_t ThreadChannel::Publish(std::shared_ptr<ThreadChannel> channel) {
  Published& published = AllPublished();
  const std::lock_guard lock(published.mutex);
  published.channels.emplace(++published.last, std::move(channel));
  return published.last;
}

std::shared_ptr<ThreadChannel> ThreadChannel::Claim(uint32_t number) {
  Published& published = AllPublished();
  const std::lock_guard lock(published.mutex);
  const auto node = published.channels.extract(number);
  return node.empty() ? nullptr : node.mapped();
}

void ThreadChannel::Withdraw(const ThreadChannel* channel) {
  Published& published = AllPublished();
  const std::lock_guard lock(published.mutex);
  std::erase_if(published.channels, [channel](const auto& each) { return each.second.get() == channel; });
}

ThreadChannelEnd::ThreadChannelEnd(v8::Isolate* isolate, std::shared_ptr<ThreadChannel> channel, int side,
                                   v8::Local<v8::Function> listener)
    : isolate_(isolate),
      channel_(std::move(channel)),
      side_(side),
      context_(isolate, isolate->GetCurrentContext()),
      listener_(isolate, listener) {
  // What libuv still closes when the environment ends.
  EndAfterHandles(isolate, handles_);
  waker_ = std::make_unique<LoopWaker>(node::GetCurrentEventLoop(isolate), handles_, [this] { Deliver(); });
  channel_->Attach(side_, waker_.get());
}

ThreadChannelEnd::~ThreadChannelEnd() { Close(); }

void ThreadChannelEnd::Close() {
  if (!waker_) return;
  // Before the waker goes, by which the other thread may wake this one.
  channel_->Detach(side_);
  ThreadChannel::Withdraw(channel_.get());
  waker_ = nullptr;
  listener_.Reset();
  context_.Reset();
}

v8::Local<v8::Object> ThreadChannelEnd::NewObject(ThreadChannelEnd* end) {
  v8::Isolate* isolate = end->isolate_;
  const v8::Local<v8::Context> context = isolate->GetCurrentContext();
  const v8::Local<v8::External> self = WrapPointer(isolate, end, ExternalTag::kThreadChannel);
  const v8::Local<v8::Object> object = v8::Object::New(isolate);
  SetProperty(context, object, "post", NewFunction(context, PostCallback, self));
  SetProperty(context, object, "drain", NewFunction(context, DrainCallback, self));
  SetProperty(context, object, "close", NewFunction(context, CloseCallback, self));
  SetProperty(context, object, "hold", NewFunction(context, HoldCallback, self));
  return object;
}

void ThreadChannelEnd::Deliver() {
  std::deque<ThreadChannel::Message> messages = channel_->Take(side_);
  const v8::HandleScope handles(isolate_);
  const v8::Local<v8::Context> context = context_.Get(isolate_);
  const v8::Context::Scope scope(context);
  for (ThreadChannel::Message& message : messages) {
    // By one that was told before.
    if (!waker_) return;
    const v8::HandleScope each(isolate_);
    const node::CallbackScope turn(isolate_, v8::Object::New(isolate_), {0, 0});
    v8::TryCatch caught(isolate_);
    caught.SetVerbose(true);
    v8::Local<v8::String> text;
    if (!NewText(isolate_, message).ToLocal(&text)) continue;
    v8::Local<v8::Value> arguments[] = {text, NewBytes(isolate_, &message)};
    // What it throws is reported by `caught`.
    if (listener_.Get(isolate_)->Call(context, v8::Undefined(isolate_), 2, arguments).IsEmpty() &&
        !caught.CanContinue()) {
      return;
    }
  }
}

void ThreadChannelEnd::PostCallback(const Info& info) {
  auto* self = UnwrapPointer<ThreadChannelEnd>(info, ExternalTag::kThreadChannel);
  if (!info[0]->IsString() || (!info[1]->IsNull() && !info[1]->IsString() && !info[1]->IsArrayBufferView())) {
    return ThrowTypeError(info.GetIsolate(), "post needs a text, and bytes, a string of them in UTF-8, or null");
  }
  ThreadChannel::Message message;
  ReadText(info.GetIsolate(), info[0].As<v8::String>(), &message);
  if (info[1]->IsString()) ReadUtf8(info.GetIsolate(), info[1].As<v8::String>(), &message);
  if (info[1]->IsArrayBufferView()) ReadBytes(info[1].As<v8::ArrayBufferView>(), &message);
  self->channel_->Post(1 - self->side_, std::move(message));
}

void ThreadChannelEnd::DrainCallback(const Info& info) {
  auto* self = UnwrapPointer<ThreadChannelEnd>(info, ExternalTag::kThreadChannel);
  if (self->waker_) self->Deliver();
}

void ThreadChannelEnd::CloseCallback(const Info& info) {
  UnwrapPointer<ThreadChannelEnd>(info, ExternalTag::kThreadChannel)->Close();
}

void ThreadChannelEnd::HoldCallback(const Info& info) {
  auto* self = UnwrapPointer<ThreadChannelEnd>(info, ExternalTag::kThreadChannel);
  if (self->waker_) self->waker_->Hold(info[0]->IsTrue());
}

}  // namespace blockon
