// A socket that listens on an address, for Node's server to take over. Given an address, Node itself asks its resolver and tells by expressions
// what kind of address came of it, which a start has to load and to compile.
#ifndef BLOCKON_JSPI_ADDON_LISTENING_SOCKET_H_
#define BLOCKON_JSPI_ADDON_LISTENING_SOCKET_H_

#include <v8.h>

namespace blockon {

// bindTcp(address, port) -> the descriptor of a socket that is bound, and is the caller's; the negative error of the system if there can be
// none; undefined where `address` is no address of IPv4 or IPv6 in digits.
void BindTcp(const v8::FunctionCallbackInfo<v8::Value>& info);

}  // namespace blockon

#endif  // BLOCKON_JSPI_ADDON_LISTENING_SOCKET_H_
