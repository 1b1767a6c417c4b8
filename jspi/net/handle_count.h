// How many of libuv's handles are there still: a loop must not end before their closing has been told, which it does in a later
// turn.
//
// Owner: shared by those that make the handles. On the thread of the loop.
#ifndef BLOCKON_JSPI_NET_HANDLE_COUNT_H_
#define BLOCKON_JSPI_NET_HANDLE_COUNT_H_

#include <cstddef>
#include <functional>
#include <utility>

namespace blockon {

class HandleCount {
 public:
  void Add() { count_++; }
  void Remove() {
    if (--count_ == 0 && on_none_) std::exchange(on_none_, nullptr)();
  }
  size_t count() const { return count_; }
  // Calls it when there is none, once; at once if there is none now.
  void WhenNone(std::function<void()> call) {
    if (count_ == 0) return call();
    on_none_ = std::move(call);
  }

 private:
  size_t count_ = 0;
  std::function<void()> on_none_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_NET_HANDLE_COUNT_H_
