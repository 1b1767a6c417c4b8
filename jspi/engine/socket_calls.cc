// The guest's imports for sockets: arguments in, results out.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "jspi/engine/guest_call.h"
#include "jspi/engine/sockets.h"

namespace blockon {

void Sockets::Open(const Info& info) {
  if (Sockets* self = From(info))
    Return(info, self->table_.Open(IntOf(info[0]), IntOf(info[1]), IntOf(info[2]), IntOf(info[3])));
}

void Sockets::OpenPair(const Info& info) {
  if (Sockets* self = From(info)) Return(info, self->table_.OpenPair(IntOf(info[0]), IntOf(info[1])));
}

void Sockets::Duplicate(const Info& info) {
  if (Sockets* self = From(info)) Return(info, self->table_.Duplicate(IntOf(info[0]), IntOf(info[1])));
}

void Sockets::Close(const Info& info) {
  if (Sockets* self = From(info)) Return(info, self->table_.Close(IntOf(info[0])));
}

int Sockets::ReadAddress(const Info& info, uint32_t size, sockaddr_storage* address) const {
  const void* from = Span(info.GetIsolate(), info[1], size);
  if (!from) return EFAULT;
  if (size > sizeof(*address)) return EINVAL;
  std::memcpy(address, from, size);
  return 0;
}

void Sockets::Connect(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  const uint32_t size = UnsignedOf(info[2]);
  sockaddr_storage address{};
  if (const int error = self->ReadAddress(info, size, &address)) return ReturnErrno(info, error);
  if (size < sizeof(sa_family_t)) return ReturnErrno(info, EINVAL);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (!BytesOf(generic, size)) return ReturnErrno(info, EAFNOSUPPORT);
  self->refusal_ = self->lookups_.ConnectRefusal(generic, size);
  if (!self->refusal_.empty()) return ReturnErrno(info, EPERM);
  Return(info, self->table_.Connect(IntOf(info[0]), generic, size));
}

void Sockets::Bind(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  const uint32_t size = UnsignedOf(info[2]);
  sockaddr_storage address{};
  if (const int error = self->ReadAddress(info, size, &address)) return ReturnErrno(info, error);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  // No path of the host, and no port that a service of the host may want.
  if (!BytesOf(generic, size)) return ReturnErrno(info, EAFNOSUPPORT);
  if (PortOf(generic) != 0) return ReturnErrno(info, EACCES);
  Return(info, self->table_.Bind(IntOf(info[0]), generic, size));
}

void Sockets::Receive(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  const uint32_t size = UnsignedOf(info[2]);
  void* data = self->Span(info.GetIsolate(), info[1], size);
  if (!data) return ReturnErrno(info, EFAULT);
  Return(info, self->table_.Receive(IntOf(info[0]), data, size, IntOf(info[3])));
}

void Sockets::Send(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  const uint32_t size = UnsignedOf(info[2]);
  const void* data = self->Span(info.GetIsolate(), info[1], size);
  if (!data) return ReturnErrno(info, EFAULT);
  Return(info, self->table_.Send(IntOf(info[0]), data, size, IntOf(info[3])));
}

void Sockets::Shutdown(const Info& info) {
  if (Sockets* self = From(info)) Return(info, self->table_.Shutdown(IntOf(info[0]), IntOf(info[1])));
}

bool Sockets::ReadNumber(const Info& info, int index, uint32_t* number) const {
  const void* from = Span(info.GetIsolate(), info[index], sizeof(*number));
  if (from) std::memcpy(number, from, sizeof(*number));
  return from != nullptr;
}

bool Sockets::WriteNumber(const Info& info, int index, uint32_t number) const {
  void* to = Span(info.GetIsolate(), info[index], sizeof(number));
  if (to) std::memcpy(to, &number, sizeof(number));
  return to != nullptr;
}

void Sockets::Name(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  uint32_t size = 0;
  if (!self->ReadNumber(info, 3, &size)) return ReturnErrno(info, EFAULT);
  void* to = self->Span(info.GetIsolate(), info[2], size);
  if (!to) return ReturnErrno(info, EFAULT);
  sockaddr_storage address{};
  socklen_t found = sizeof(address);
  const int fd = IntOf(info[0]);
  const int error =
      IntOf(info[1]) == 1 ? self->table_.PeerName(fd, &address, &found) : self->table_.LocalName(fd, &address, &found);
  if (error != 0) return Return(info, error);
  std::memcpy(to, &address, std::min<size_t>(size, found));
  self->WriteNumber(info, 3, found);
  Return(info, 0);
}

void Sockets::GetOption(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  uint32_t size = 0;
  if (!self->ReadNumber(info, 4, &size)) return ReturnErrno(info, EFAULT);
  void* value = self->Span(info.GetIsolate(), info[3], size);
  if (!value) return ReturnErrno(info, EFAULT);
  socklen_t length = size;
  const int error = self->table_.GetOption(IntOf(info[0]), IntOf(info[1]), IntOf(info[2]), value, &length);
  if (error == 0) self->WriteNumber(info, 4, length);
  Return(info, error);
}

void Sockets::SetOption(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  const uint32_t size = UnsignedOf(info[4]);
  const void* value = self->Span(info.GetIsolate(), info[3], size);
  if (!value) return ReturnErrno(info, EFAULT);
  Return(info, self->table_.SetOption(IntOf(info[0]), IntOf(info[1]), IntOf(info[2]), value, size));
}

void Sockets::Poll(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  const uint32_t count = UnsignedOf(info[1]);
  if (count > 4 * SocketTable::kLimit) return ReturnErrno(info, EINVAL);
  const size_t size = count * sizeof(GuestPoll);
  void* place = self->Span(info.GetIsolate(), info[0], size);
  if (!place) return ReturnErrno(info, EFAULT);
  // A copy: the guest's may lie at any address.
  constexpr uint32_t kOnStack = 16;
  GuestPoll few[kOnStack];
  std::vector<GuestPoll> many(count > kOnStack ? count : 0);
  GuestPoll* polls = count > kOnStack ? many.data() : few;
  std::memcpy(polls, place, size);
  const int ready = self->table_.Poll(polls, count, std::clamp(IntOf(info[2]), 0, 1000));
  std::memcpy(place, polls, size);
  Return(info, ready);
}

void Sockets::Watch(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  Return(info, self->table_.Watch(IntOf(info[0]), IntOf(info[1]), UnsignedOf(info[2])));
  self->HoldListener();
}

void Sockets::Unwatch(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  const uint32_t token = UnsignedOf(info[0]);
  self->table_.Unwatch(token);
  self->lookups_.Forget(token);
  std::erase(self->closed_, token);
  self->HoldListener();
}

void Sockets::Refusal(const Info& info) {
  Sockets* self = From(info);
  if (!self) return;
  const size_t size = std::min<size_t>(self->refusal_.size(), UnsignedOf(info[1]));
  void* text = self->Span(info.GetIsolate(), info[0], size);
  if (!text) return Return(info, 0);
  std::memcpy(text, self->refusal_.data(), size);
  Return(info, static_cast<int64_t>(size));
}

}  // namespace blockon
