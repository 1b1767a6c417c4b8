// ctypes.get_errno(): the errno of the last foreign call that a program made with use_errno=True.
//
// CPython keeps it in the thread's dict, which all fibers share, and swaps it with C's around such a call and a callback. A fiber
// that waits in between would find what another's call left; so it is kept beside errno, and saved with it (native_state.h).
#ifndef BLOCKON_JSPI_GUEST_CTYPES_ERRNO_H_
#define BLOCKON_JSPI_GUEST_CTYPES_ERRNO_H_

namespace blockon {

// As ctypes has it: errno, and the last error of a system that this is not.
inline constinit int ctypes_errno[2] = {};

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_CTYPES_ERRNO_H_
