// What C and C++ keep in globals that each fiber must have for itself: errno and the C++ runtime's stack of caught
// exceptions with its count of uncaught ones (the two words behind __cxa_get_globals). The errno of ctypes goes with C's.
//
// Owner: the fiber. Saved on the way into a suspension, restored on the way out of it.
#ifndef BLOCKON_JSPI_GUEST_NATIVE_STATE_H_
#define BLOCKON_JSPI_GUEST_NATIVE_STATE_H_

#include "ctypes_errno.h"
#include "python_api.h"

namespace blockon {

class NativeState {
 public:
  // Takes the fiber's values and leaves those of whoever runs next (none for a fresh one).
  void Save() {
    CxaGlobals* globals = Globals();
    errno_ = *__errno_location();
    ctypes_errno_ = ctypes_errno[0];
    cxa_ = *globals;
    *globals = CxaGlobals{};
  }
  void Restore() {
    *__errno_location() = errno_;
    ctypes_errno[0] = ctypes_errno_;
    *Globals() = cxa_;
  }

 private:
  struct CxaGlobals {
    void* caught_exceptions = nullptr;
    uint32_t uncaught_exceptions = 0;
  };
  static CxaGlobals* Globals() { return static_cast<CxaGlobals*>(__cxa_get_globals()); }

  int errno_ = 0;
  int ctypes_errno_ = 0;
  CxaGlobals cxa_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_NATIVE_STATE_H_
