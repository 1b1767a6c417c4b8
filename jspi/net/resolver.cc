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
  static auto* const resolver = new Resolver;
  return *resolver;
}

std::shared_ptr<Lookup> Resolver::Start(Lookup::Question question, std::shared_ptr<Client> client,
                                        std::function<void()> on_done) {
  auto lookup = std::make_shared<Lookup>(std::move(question));
  if (lookup->AnswerAtOnce()) {
    lookup->Finish();
    return lookup;
  }
  lookup->on_done_ = std::move(on_done);
  const std::lock_guard lock(mutex_);
  queue_.push_back({lookup, std::move(client)});
  if (Next() == queue_.end()) return lookup;
  if (queue_.size() > static_cast<size_t>(idle_) && threads_ < kMostThreads && !StartThread() && threads_ == 0) {
    queue_.pop_back();
    lookup->error_ = EAI_AGAIN;
    lookup->on_done_ = nullptr;
    lookup->Finish();
    return lookup;
  }
  queued_.notify_one();
  return lookup;
}

bool Resolver::StartThread() {
  try {
    std::thread([this] { Work(); }).detach();
  } catch (const std::system_error&) {
    return false;  // the process may have no more; those that there are do the work
  }
  threads_++;
  return true;
}

void Resolver::Cancel(Lookup* lookup) {
  {
    const std::lock_guard lock(lookup->mutex_);
    lookup->on_done_ = nullptr;
  }
  const std::lock_guard lock(mutex_);
  std::erase_if(queue_, [lookup](const Queued& one) { return one.lookup.get() == lookup; });
}

std::vector<Resolver::Queued>::iterator Resolver::Next() {
  return std::find_if(queue_.begin(), queue_.end(),
                      [](const Queued& one) { return one.client->running_ < kMostOfOneClient; });
}

void Resolver::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    idle_++;
    queued_.wait(lock, [this] { return Next() != queue_.end(); });
    idle_--;
    const auto place = Next();
    const Queued next = std::move(*place);
    queue_.erase(place);
    next.client->running_++;
    lock.unlock();
    next.lookup->Answer();
    next.lookup->Finish();
    lock.lock();
    next.client->running_--;
  }
}

}  // namespace blockon
