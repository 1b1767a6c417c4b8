#include "jspi/addon/listening_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>

#include "jspi/engine/v8_compat.h"

namespace blockon {
namespace {

constexpr double kMostPort = 65535;

// The size of what is written to `address`; 0 where the text is no address in digits.
socklen_t ReadAddress(const std::string& text, uint16_t port, sockaddr_storage* address) {
  *address = {};
  auto* const four = reinterpret_cast<sockaddr_in*>(address);
  if (inet_pton(AF_INET, text.c_str(), &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    four->sin_port = htons(port);
    return sizeof *four;
  }
  auto* const six = reinterpret_cast<sockaddr_in6*>(address);
  if (inet_pton(AF_INET6, text.c_str(), &six->sin6_addr) != 1) return 0;
  six->sin6_family = AF_INET6;
  six->sin6_port = htons(port);
  return sizeof *six;
}

// As libuv binds one. Its descriptor, or the negative error.
int Bind(const sockaddr_storage& address, socklen_t size) {
  const int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  const int on = 1;
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
      bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0) {
    return fd;
  }
  const int error = errno;
  close(fd);
  return -error;
}

}  // namespace

void BindTcp(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const double port = info[1]->IsNumber() ? info[1].As<v8::Number>()->Value() : -1;
  if (!info[0]->IsString() || !(port >= 0 && port <= kMostPort)) {
    return ThrowTypeError(isolate, "bindTcp needs an address and a port");
  }
  sockaddr_storage address;
  const socklen_t size = ReadAddress(FromV8(isolate, info[0].As<v8::String>()), static_cast<uint16_t>(port), &address);
  if (size > 0) info.GetReturnValue().Set(Bind(address, size));
}

}  // namespace blockon
