// The states of a fiber and the changes between them.
//
//   Fresh --> Running --> Suspended --> Resuming --> Running ... --> Done
//     `------------------------------------------------------------> Done
//
// Includes nothing: the guest is compiled without a standard library.
#ifndef BLOCKON_JSPI_UTIL_FIBER_STATE_H_
#define BLOCKON_JSPI_UTIL_FIBER_STATE_H_

namespace blockon {

enum class FiberState : unsigned char { kFresh = 0, kRunning = 1, kSuspended = 2, kResuming = 3, kDone = 4 };

constexpr int kFiberStateCount = 5;

// Whether the change is one of the arrows.
constexpr bool IsLegalTransition(FiberState from, FiberState to) {
  switch (from) {
    case FiberState::kFresh:
      return to == FiberState::kRunning || to == FiberState::kDone;
    case FiberState::kRunning:
      return to == FiberState::kSuspended || to == FiberState::kDone;
    case FiberState::kSuspended:
      return to == FiberState::kResuming;
    case FiberState::kResuming:
      return to == FiberState::kRunning;
    case FiberState::kDone:
      return false;
  }
  return false;
}

}  // namespace blockon

#endif  // BLOCKON_JSPI_UTIL_FIBER_STATE_H_
