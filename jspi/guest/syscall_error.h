// Python exceptions for code that reports by errno alone, as libc's functions do.
//
// CPython asks PyErr_CheckSignals when a call of the system was interrupted, and raises what that raises. So a call that is to end in
// an exception fails with EINTR, and the exception is kept until it is asked for. Code that never asks loses nothing: a
// fiber gets its exception a little later, where it runs.
//
// Called on any stack, with a thread state attached.
#ifndef BLOCKON_JSPI_GUEST_SYSCALL_ERROR_H_
#define BLOCKON_JSPI_GUEST_SYSCALL_ERROR_H_

#include "python_api.h"

namespace blockon {

// errno in Emscripten's numbers, those of WASI.
constexpr int kEACCES = 2;
constexpr int kEAGAIN = 6;
constexpr int kEBADF = 8;
constexpr int kECANCELED = 11;
constexpr int kEINPROGRESS = 26;
constexpr int kEINTR = 27;
constexpr int kEINVAL = 28;
constexpr int kEOPNOTSUPP = 138;
constexpr int kEPERM = 63;

// Sets errno and returns -1.
int FailWith(int number);

// Keeps the exception that is set now for who asks PyErr_CheckSignals, and fails with EINTR; with `number` where nobody asked since
// the last time: code that only tries again would do so for ever.
int FailWithRaised(int number);

// Fails with an exception of this type, OSError or one that takes the same arguments: a number, which is `errno_number` but for
// those that have numbers of their own, and a text. Without a type the exception is the one that is set.
int FailWithError(PyObject* type, int number, const char* text, int errno_number);

inline int FailWithOSError(int number, const char* text) { return FailWithError(PyExc_OSError, number, text, number); }

}  // namespace blockon

// In place of PyErr_CheckSignals: raises what a call failed with, or what a signal's handler does.
extern "C" int blockon_check_signals();

#endif  // BLOCKON_JSPI_GUEST_SYSCALL_ERROR_H_
