// errno in the guest's numbers: WASI's, which Emscripten's libc uses.
// https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/witx/typenames.witx
#ifndef BLOCKON_JSPI_NET_GUEST_ERRNO_H_
#define BLOCKON_JSPI_NET_GUEST_ERRNO_H_

namespace blockon {

// What the host calls EINPROGRESS ... is this in the guest. A number that no call of a socket gives becomes EIO.
int GuestErrno(int host_errno);

}  // namespace blockon

#endif  // BLOCKON_JSPI_NET_GUEST_ERRNO_H_
