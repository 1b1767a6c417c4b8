// The sockets and name lookups of the interpreters of one engine: what the guest imports of jspi/net.
//
//   guest: recv() --> socket_receive: the system's recv, straight into the guest's memory
//            EAGAIN --> socket_watch(fd, events, token), and the fiber suspends
//   loop:  readable --> the glue's listener(token) --> the guest wakes the fiber
//
// A pointer or a size that is no part of the guest's memory is an error of the call (EFAULT), never one of the host's.
//
// Owner: one Engine, on its isolate's thread. What an interpreter opened is closed when its functions are collected, when the engine
// is disposed, or with the environment, whichever comes first.
#ifndef BLOCKON_JSPI_ENGINE_SOCKETS_H_
#define BLOCKON_JSPI_ENGINE_SOCKETS_H_

#include <uv.h>
#include <v8.h>

#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "jspi/engine/collected.h"
#include "jspi/engine/host_lookups.h"
#include "jspi/engine/limits.h"
#include "jspi/engine/loop_waker.h"
#include "jspi/net/found_names.h"
#include "jspi/net/handle_count.h"
#include "jspi/net/name_lookups.h"
#include "jspi/net/outbound_policy.h"
#include "jspi/net/socket_table.h"

namespace blockon {

class SocketHost;

// Those of one interpreter.
class Sockets : private SocketTable::Listener {
 public:
  Sockets(SocketHost* host, v8::Isolate* isolate);
  ~Sockets() override = default;

  // The functions by the names of the guest's imports, born in the realm.
  v8::Local<v8::Object> NewFunctions(v8::Local<v8::Context> realm);
  // Watches and lookups whose end will be told.
  size_t under_way() const;
  // After it, every function throws.
  void Dispose();

 private:
  using Info = v8::FunctionCallbackInfo<v8::Value>;

  // (memory, listener): the guest's memory, and whom to call with a token.
  static void Attach(const Info& info);
  // Each of these returns what its namesake of SocketTable does.
  static void Open(const Info& info);       // (fd, family, type, protocol)
  static void OpenPair(const Info& info);   // (fd, other fd)
  static void Duplicate(const Info& info);  // (fd, new fd)
  static void Close(const Info& info);      // (fd)
  static void Connect(const Info& info);    // (fd, address, size)
  static void Bind(const Info& info);       // (fd, address, size)
  static void Receive(const Info& info);    // (fd, data, size, flags)
  static void Send(const Info& info);       // (fd, data, size, flags)
  static void Shutdown(const Info& info);   // (fd, how)
  static void Name(const Info& info);       // (fd, 1 for the peer's, address, pointer to size)
  static void GetOption(const Info& info);  // (fd, level, name, value, pointer to size)
  static void SetOption(const Info& info);  // (fd, level, name, value, size)
  static void Poll(const Info& info);       // (polls, count, milliseconds)
  static void Watch(const Info& info);      // (fd, events, token)
  static void Unwatch(const Info& info);    // (token)
  static void Refusal(const Info& info);    // (text, capacity) -> size: why the last call was refused by the policy
  // (host, size, service, size, family, type, protocol, flags) -> a number > 0, or an EAI_ one
  static void StartLookup(const Info& info);
  // (address, size, flags of getnameinfo()) -> the same
  static void StartNameLookup(const Info& info);
  // (number, milliseconds, token) -> 1 when it is done; else the token's listener is told then, if it is not 0
  static void AwaitLookup(const Info& info);
  // (number, entries, capacity) -> how many there are, of which so many are written (LookupEntry in lookup_calls.cc), or an EAI_ number
  static void ReadLookup(const Info& info);
  // (number, text, capacity) -> the size of the canonical name, or of the service's
  static void ReadCanonicalName(const Info& info);
  static void ReadService(const Info& info);
  static void DropLookup(const Info& info);  // (number)

  static Sockets* From(const Info& info);
  static void ReadText(const Info& info, const std::string& (Lookup::*text_of)() const);
  int StartLookup(Lookup::Question question);
  // Null when this is no part of the guest's memory.
  void* Span(v8::Isolate* isolate, v8::Local<v8::Value> start, size_t size) const;

  // A number of the guest's, at any address: false when that is no part of its memory.
  bool ReadNumber(const Info& info, int index, uint32_t* number) const;
  bool WriteNumber(const Info& info, int index, uint32_t number) const;
  // The address that a call's second argument points to, so many bytes: 0, or an errno of the host's.
  int ReadAddress(const Info& info, uint32_t size, sockaddr_storage* address) const;

  void OnReady(const std::vector<uint32_t>& tokens) override;
  void OnClosed(const std::vector<uint32_t>& tokens) override;
  void OnWake();
  LoopWaker* GetWaker();
  // The listener is kept alive while something is to be told.
  void HoldListener();

  SocketHost* const host_;
  v8::Isolate* const isolate_;
  SocketTable table_;
  std::unique_ptr<LoopWaker> waker_;  // made when it is needed first; lookups wake it
  NameLookups lookups_;
  Collected collected_;
  v8::Global<v8::WasmMemoryObject> memory_;
  v8::Global<v8::Function> listener_;
  // Of whom is to be told by the waker that what it watched was closed.
  std::vector<uint32_t> closed_;
  std::string refusal_;
  bool disposed_ = false;
};

class SocketHost {
 public:
  // `limits` outlive it, and are told when the event loop calls the realm.
  explicit SocketHost(Limits* limits) : limits_(limits) {}
  void Init(v8::Local<v8::Context> node, v8::Local<v8::Context> realm, OutboundPolicy policy);
  void Dispose();

  // The engine's import new_sockets: () -> the functions for another interpreter.
  static void NewSockets(const v8::FunctionCallbackInfo<v8::Value>& info);

  uv_loop_t* loop() const { return loop_; }
  const OutboundPolicy& policy() const { return policy_; }
  // From now on. What is connected already, and names that were found, were judged by the one before.
  void SetPolicy(OutboundPolicy policy) { policy_ = std::move(policy); }
  FoundNames* names() { return &names_; }
  // Not after Dispose().
  HostLookups* lookups();
  const std::shared_ptr<HandleCount>& handles() const { return handles_; }
  v8::Local<v8::Context> node_context(v8::Isolate* isolate) const { return node_context_.Get(isolate); }
  v8::Local<v8::Context> realm(v8::Isolate* isolate) const { return realm_.Get(isolate); }
  void Forget(Sockets* sockets);
  size_t under_way() const;
  Limits& limits() const { return *limits_; }

 private:
  Limits* const limits_;
  uv_loop_t* loop_ = nullptr;
  OutboundPolicy policy_;
  FoundNames names_{&policy_};
  v8::Global<v8::Context> node_context_;
  v8::Global<v8::Context> realm_;
  const std::shared_ptr<HandleCount> handles_ = std::make_shared<HandleCount>();
  std::list<std::unique_ptr<Sockets>> all_;
  std::unique_ptr<HostLookups> lookups_;  // made when it is needed first
  bool disposed_ = false;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_SOCKETS_H_
