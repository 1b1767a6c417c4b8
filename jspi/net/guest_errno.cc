#include "jspi/net/guest_errno.h"

#include <cerrno>

namespace blockon {
namespace {

constexpr int kGuestEio = 29;

}  // namespace

int GuestErrno(int host_errno) {
  switch (host_errno) {
    case 0:
      return 0;
    case EACCES:
      return 2;
    case EADDRINUSE:
      return 3;
    case EADDRNOTAVAIL:
      return 4;
    case EAFNOSUPPORT:
      return 5;
    case EAGAIN:
      return 6;
    case EALREADY:
      return 7;
    case EBADF:
      return 8;
    case ECONNABORTED:
      return 13;
    case ECONNREFUSED:
      return 14;
    case ECONNRESET:
      return 15;
    case EDESTADDRREQ:
      return 17;
    case EFAULT:
      return 21;
    case EHOSTUNREACH:
      return 23;
    case EINPROGRESS:
      return 26;
    case EINTR:
      return 27;
    case EINVAL:
      return 28;
    case EISCONN:
      return 30;
    case EMFILE:
      return 33;
    case EMSGSIZE:
      return 35;
    case ENETDOWN:
      return 38;
    case ENETRESET:
      return 39;
    case ENETUNREACH:
      return 40;
    case ENFILE:
      return 41;
    case ENOBUFS:
      return 42;
    case ENOMEM:
      return 48;
    case ENOPROTOOPT:
      return 50;
    case ENOTCONN:
      return 53;
    case ENOTSOCK:
      return 57;
    case EPERM:
      return 63;
    case EPIPE:
      return 64;
    case EPROTO:
      return 65;
    case EPROTONOSUPPORT:
      return 66;
    case EPROTOTYPE:
      return 67;
    case ETIMEDOUT:
      return 73;
    case EOPNOTSUPP:
      return 138;
    default:
      return kGuestEio;
  }
}

}  // namespace blockon
