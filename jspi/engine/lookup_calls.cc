// The guest's imports for name lookups: arguments in, results out.
#include <algorithm>
#include <cstring>
#include <utility>

#include "jspi/engine/guest_call.h"
#include "jspi/engine/sockets.h"

namespace blockon {
namespace {

// An address that was found, as the guest reads it: its struct sockaddr is Linux's.
struct LookupEntry {
  int32_t family;
  int32_t type;
  int32_t protocol;
  uint32_t size;
  uint8_t address[32];
};
static_assert(sizeof(LookupEntry) == 48);

}  // namespace

void Sockets::StartLookup(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  v8::Isolate* isolate = info.GetIsolate();
  const size_t host_size = UnsignedOf(info[1]);
  const size_t service_size = UnsignedOf(info[3]);
  const auto* host = static_cast<const char*>(self->Span(isolate, info[0], host_size));
  const auto* service = static_cast<const char*>(self->Span(isolate, info[2], service_size));
  if (!host || !service) return Return(info, EAI_FAIL);
  Lookup::Question question{.host = std::string(host, host_size),
                            .service = std::string(service, service_size),
                            .family = IntOf(info[4]),
                            .type = IntOf(info[5]),
                            .protocol = IntOf(info[6]),
                            .flags = IntOf(info[7])};
  Return(info, self->StartLookup(std::move(question)));
}

int Sockets::StartLookup(Lookup::Question question) {
  LoopWaker* waker = GetWaker();
  return lookups_.Start(std::move(question), [waker] { waker->Wake(); }, &refusal_);
}

void Sockets::StartNameLookup(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  const uint32_t size = UnsignedOf(info[1]);
  const void* address = self->Span(info.GetIsolate(), info[0], size);
  if (!address) return Return(info, EAI_FAIL);
  Lookup::Question question{.flags = IntOf(info[2])};
  if (size == 0 || size > sizeof(question.address)) return Return(info, EAI_FAMILY);
  std::memcpy(&question.address, address, size);
  question.address_size = size;
  // The system would read a path of AF_UNIX, and call no name server by it.
  if (!BytesOf(reinterpret_cast<const sockaddr*>(&question.address), size)) return Return(info, EAI_FAMILY);
  Return(info, self->StartLookup(std::move(question)));
}

void Sockets::AwaitLookup(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  Return(info, self->lookups_.Await(IntOf(info[0]), std::clamp(IntOf(info[1]), 0, 1000), UnsignedOf(info[2])) ? 1 : 0);
  self->HoldListener();
}

void Sockets::ReadLookup(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  const Lookup* lookup = self->lookups_.Done(IntOf(info[0]));
  if (!lookup) return Return(info, EAI_FAIL);
  if (lookup->error() != 0) return Return(info, lookup->error());
  const size_t count = std::min<size_t>(lookup->addresses().size(), UnsignedOf(info[2]));
  auto* entries = static_cast<char*>(self->Span(info.GetIsolate(), info[1], count * sizeof(LookupEntry)));
  if (!entries) return Return(info, EAI_FAIL);
  for (size_t i = 0; i < count; i++) {
    const ResolvedAddress& found = lookup->addresses()[i];
    LookupEntry entry{
        .family = found.family, .type = found.type, .protocol = found.protocol, .size = found.size, .address = {}};
    std::memcpy(entry.address, &found.address, std::min<size_t>(sizeof(entry.address), found.size));
    std::memcpy(entries + i * sizeof(entry), &entry, sizeof(entry));
  }
  self->lookups_.NoteNames(*lookup);
  Return(info, static_cast<int64_t>(lookup->addresses().size()));
}

void Sockets::ReadText(const Info& info, const std::string& (Lookup::*text_of)() const) {
  Sockets* self = From(info);
  if (!self) return;
  const Lookup* lookup = self->lookups_.Done(IntOf(info[0]));
  if (!lookup) return Return(info, 0);
  const std::string& found = (lookup->*text_of)();
  const size_t size = std::min<size_t>(found.size(), UnsignedOf(info[2]));
  void* text = self->Span(info.GetIsolate(), info[1], size);
  if (!text) return Return(info, 0);
  std::memcpy(text, found.data(), size);
  Return(info, static_cast<int64_t>(found.size()));
}

void Sockets::ReadCanonicalName(const Info& info) { ReadText(info, &Lookup::canonical_name); }
void Sockets::ReadService(const Info& info) { ReadText(info, &Lookup::service); }

void Sockets::DropLookup(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  self->lookups_.Drop(IntOf(info[0]));
  self->HoldListener();
}

}  // namespace blockon
