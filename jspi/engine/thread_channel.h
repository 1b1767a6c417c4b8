// A way between two threads of the process: messages in the order in which they were sent, each of a text and bytes, or none.
//
//   one thread: open(listener) -> an end, and the channel's number     the other: join(number, listener) -> its end
//   an end: post(text, bytes | string | null)  drain(): takes what has come now, not in the loop's next turn  close()  hold(whether)
//
// What node:worker_threads does by messages, without taking objects apart and putting them together: several times as fast.
// A string in the place of bytes goes over in UTF-8. Bytes of some size go over with their memory, as a transferred ArrayBuffer does; few are copied. What is sent to an end
// that is closed, or not there any more, is lost; to one that has not joined yet, waits for it.
//
// Owner: the environment, of an end. Of what is under way, both ends.
#ifndef BLOCKON_JSPI_ENGINE_THREAD_CHANNEL_H_
#define BLOCKON_JSPI_ENGINE_THREAD_CHANNEL_H_

#include <v8.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "jspi/engine/loop_waker.h"

namespace blockon {

class ThreadChannel {
 public:
  struct Message {
    // Latin-1, or UTF-16 where there is a character that has none.
    std::string narrow;
    std::u16string wide;
    // The bytes: small, or with their memory; neither for none.
    bool has_bytes = false;
    std::string copied;
    std::shared_ptr<v8::BackingStore> memory;
  };

  // Any thread.
  void Post(int side, Message message);
  std::deque<Message> Take(int side);
  // The thread of that end.
  void Attach(int side, LoopWaker* waker);
  void Detach(int side);

  // Numbers by which a thread finds a channel that another opened. Any thread.
  static uint32_t Publish(std::shared_ptr<ThreadChannel> channel);
  // Once; null for a number that nobody has, or that was claimed.
  static std::shared_ptr<ThreadChannel> Claim(uint32_t number);
  // Nobody will join it.
  static void Withdraw(const ThreadChannel* channel);

 private:
  struct Mailbox {
    std::deque<Message> messages;
    bool is_attached = false;
    bool closed = false;
    // Keeps the waker while another thread wakes by it. Not the lock of the messages: who is woken takes those at once, and would
    // wait for the thread that woke it, which may have lost its processor to it.
    std::mutex waking;
    LoopWaker* waker = nullptr;
  };

  void Wake(Mailbox& box);

  std::mutex mutex_;
  std::array<Mailbox, 2> boxes_;
};

class ThreadChannelEnd {
 public:
  using Info = v8::FunctionCallbackInfo<v8::Value>;

  // `side` is 0 for who opened it, 1 for who joined. `listener(text, bytes)` is called in the context that is current now.
  ThreadChannelEnd(v8::Isolate* isolate, std::shared_ptr<ThreadChannel> channel, int side,
                   v8::Local<v8::Function> listener);
  ~ThreadChannelEnd();
  ThreadChannelEnd(const ThreadChannelEnd&) = delete;
  ThreadChannelEnd& operator=(const ThreadChannelEnd&) = delete;

  // {post, drain, close, hold}; `end` is deleted with the environment, closed or not.
  static v8::Local<v8::Object> NewObject(ThreadChannelEnd* end);

 private:
  static void PostCallback(const Info& info);
  static void DrainCallback(const Info& info);
  static void CloseCallback(const Info& info);
  static void HoldCallback(const Info& info);

  // What has come until now.
  void Deliver();
  void Close();

  v8::Isolate* const isolate_;
  const std::shared_ptr<ThreadChannel> channel_;
  const int side_;
  v8::Global<v8::Context> context_;
  v8::Global<v8::Function> listener_;
  std::shared_ptr<HandleCount> handles_ = std::make_shared<HandleCount>();
  std::unique_ptr<LoopWaker> waker_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_THREAD_CHANNEL_H_
