#include "jspi/net/resolver.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <system_error>
#include <thread>
#include <utility>

namespace blockon {

bool Lookup::done() const {
  const std::lock_guard lock(mutex_);
  return done_;
}

bool Lookup::Wait(int milliseconds) const {
  std::unique_lock lock(mutex_);
  return finished_.wait_for(lock, std::chrono::milliseconds(milliseconds), [this] { return done_; });
}

bool Lookup::AnswerAtOnce() {
  if (question_.address_size > 0) {
    if ((question_.flags & NI_NUMERICHOST) == 0) return false;
    AnswerName();
    return true;
  }
  AnswerAddress(AI_NUMERICHOST);
  return error_ != EAI_NONAME || (question_.flags & AI_NUMERICHOST) != 0 || question_.host.empty();
}

void Lookup::Answer() {
  if (question_.address_size > 0) {
    AnswerName();
  } else {
    AnswerAddress(0);
  }
}

void Lookup::AnswerName() {
  char host[NI_MAXHOST];
  char service[NI_MAXSERV];
  error_ = ::getnameinfo(reinterpret_cast<const sockaddr*>(&question_.address), question_.address_size, host,
                         sizeof(host), service, sizeof(service), question_.flags);
  if (error_ != 0) return;
  canonical_name_ = host;
  service_ = service;
}

void Lookup::AnswerAddress(int extra_flags) {
  addrinfo hints{};
  hints.ai_family = question_.family;
  hints.ai_socktype = question_.type;
  hints.ai_protocol = question_.protocol;
  hints.ai_flags = question_.flags | extra_flags | (question_.for_policy ? AI_CANONNAME : 0);
  addrinfo* found = nullptr;
  error_ = ::getaddrinfo(question_.host.empty() ? nullptr : question_.host.c_str(),
                         question_.service.empty() ? nullptr : question_.service.c_str(), &hints, &found);
  if (error_ != 0) return;
  for (const addrinfo* entry = found; entry; entry = entry->ai_next) {
    ResolvedAddress address{.family = entry->ai_family,
                            .type = entry->ai_socktype,
                            .protocol = entry->ai_protocol,
                            .size = entry->ai_addrlen};
    std::memcpy(&address.address, entry->ai_addr, entry->ai_addrlen);
    addresses_.push_back(address);
    if (entry->ai_canonname) found_name_ = entry->ai_canonname;
  }
  if ((question_.flags & AI_CANONNAME) != 0) canonical_name_ = found_name_;
  ::freeaddrinfo(found);
}

void Lookup::Finish() {
  const std::lock_guard lock(mutex_);
  done_ = true;
  finished_.notify_all();
  // Under the lock, so that Cancel() waits for it.
  if (on_done_) std::exchange(on_done_, nullptr)();
}

// Never destroyed: its threads may be in the system's resolver when the process ends.
Resolver& Resolver::Get() {
  static auto* const resolver = new Resolver([](Lookup& lookup) { lookup.Answer(); });
  return *resolver;
}

std::shared_ptr<Lookup> Resolver::Start(Lookup::Question question, std::shared_ptr<LookupClient> client,
                                        std::function<void()> on_done) {
  auto lookup = std::make_shared<Lookup>(std::move(question));
  if (lookup->AnswerAtOnce()) {
    lookup->Finish();
    return lookup;
  }
  lookup->on_done_ = std::move(on_done);
  const std::lock_guard lock(mutex_);
  queue_.Add({lookup, std::move(client)});
  Dispatch();
  return lookup;
}

void Resolver::Dispatch() {
  while (true) {
    while (auto next = queue_.Begin()) {
      due_.push_back(std::move(*next));
      begun_.notify_one();
    }
    // Where the process may have no more threads, those that there are do the work.
    while (due_.size() > static_cast<size_t>(idle_) && StartThread()) {
    }
    if (threads_ > 0 || due_.empty()) return;
    for (const LookupQueue::Entry& entry : std::exchange(due_, {})) {
      queue_.Ended(entry.client.get());
      entry.lookup->error_ = EAI_AGAIN;
      entry.lookup->Finish();
    }
  }
}

bool Resolver::StartThread() {
  if (threads_ == LookupQueue::kMost) return false;
  try {
    std::thread([this] { Work(); }).detach();
  } catch (const std::system_error&) {
    return false;
  }
  threads_++;
  idle_++;
  return true;
}

void Resolver::Cancel(Lookup* lookup) {
  {
    const std::lock_guard lock(lookup->mutex_);
    lookup->on_done_ = nullptr;
  }
  const std::lock_guard lock(mutex_);
  if (queue_.Remove(lookup)) return;
  const auto due =
      std::find_if(due_.begin(), due_.end(), [lookup](const auto& one) { return one.lookup.get() == lookup; });
  if (due == due_.end()) return;
  queue_.Ended(due->client.get());
  due_.erase(due);
  Dispatch();
}

void Resolver::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    begun_.wait(lock, [this] { return !due_.empty(); });
    idle_--;
    const LookupQueue::Entry entry = std::move(due_.front());
    due_.pop_front();
    lock.unlock();
    answer_(*entry.lookup);
    entry.lookup->Finish();
    lock.lock();
    idle_++;
    queue_.Ended(entry.client.get());
    Dispatch();
    // Those beyond the usual number were for clients that had to wait.
    if (idle_ > static_cast<int>(due_.size()) && threads_ > LookupQueue::kShared) break;
  }
  idle_--;
  threads_--;
}

}  // namespace blockon
