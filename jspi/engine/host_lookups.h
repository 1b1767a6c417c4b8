// Name lookups of the host's own connections for a realm (its fetch), and where those may lead: under the realm's policy, and with what
// that knows of the names by which its sockets and these found an address.
//
// Owner: SocketHost, on the isolate's thread.
#ifndef BLOCKON_JSPI_ENGINE_HOST_LOOKUPS_H_
#define BLOCKON_JSPI_ENGINE_HOST_LOOKUPS_H_

#include <v8.h>

#include <map>
#include <memory>
#include <string>

#include "jspi/engine/loop_waker.h"
#include "jspi/net/name_lookups.h"

namespace blockon {

class HostLookups {
 public:
  HostLookups(uv_loop_t* loop, const OutboundPolicy* policy, FoundNames* names, std::shared_ptr<HandleCount> handles);

  // Calls callback(error, refusal, addresses): an EAI_ number or 0, why the policy refuses the name or "", and the addresses as text in the
  // system's order. At once, when nobody has to be asked; else from the event loop. `family`: 4, 6, or 0 for both.
  void LookUp(v8::Local<v8::Context> node, const std::string& host, int family, int flags,
              v8::Local<v8::Function> callback);
  // Why this may not be connected to; empty when it may.
  std::string Refusal(const AddressBytes& address, uint16_t port) const;
  // After it, nobody is called.
  void Dispose();

 private:
  struct Asker {
    v8::Global<v8::Context> node;
    v8::Global<v8::Function> callback;
  };

  void OnWake();
  // Ends the lookup and tells. False with a JavaScript exception pending.
  bool TellDone(int number, v8::Local<v8::Context> node, v8::Local<v8::Function> callback);

  const OutboundPolicy* const policy_;
  FoundNames* const names_;
  LoopWaker waker_;
  NameLookups lookups_;
  std::map<int, Asker> askers_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_HOST_LOOKUPS_H_
