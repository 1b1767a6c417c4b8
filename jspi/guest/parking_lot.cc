#include "parking_lot.h"

#include "cannot_wait.h"
#include "random_switches.h"
#include "run_sync.h"
#include "syscall_error.h"
#include "wait.h"

namespace blockon {
namespace {

struct Waiter {
  Fiber* fiber;
  const void* address;
  void* argument;
  Waiter* next = nullptr;
  Waiter* previous = nullptr;
  bool keeps;  // goes on waiting whatever it is to raise
  bool queued = false;
  bool unparked = false;
};

struct Bucket {
  Waiter* first = nullptr;
  Waiter* last = nullptr;
};

// A prime, against patterns in addresses.
constexpr uint32_t kBuckets = 257;
Bucket buckets[kBuckets];
int parked = 0;

Bucket* BucketOf(const void* address) { return &buckets[reinterpret_cast<uint32_t>(address) % kBuckets]; }

void Insert(Waiter* waiter) {
  Bucket* bucket = BucketOf(waiter->address);
  waiter->previous = bucket->last;
  (bucket->last ? bucket->last->next : bucket->first) = waiter;
  bucket->last = waiter;
  waiter->queued = true;
  parked++;
}

void Remove(Waiter* waiter) {
  if (!waiter->queued) return;
  Bucket* bucket = BucketOf(waiter->address);
  (waiter->previous ? waiter->previous->next : bucket->first) = waiter->next;
  (waiter->next ? waiter->next->previous : bucket->last) = waiter->previous;
  waiter->queued = false;
  parked--;
}

bool GivesUp(const Waiter* waiter) {
  const Wake wake = waiter->fiber->woken_by();
  return wake == Wake::kTimedOut || (!waiter->keeps && (wake == Wake::kCancelled || wake == Wake::kSignalled));
}

// From `waiter` on, the first that waits at the address and does not give up.
Waiter* NextAt(Waiter* waiter, const void* address) {
  while (waiter && (waiter->address != address || GivesUp(waiter))) waiter = waiter->next;
  return waiter;
}

void WakeWaiter(Waiter* waiter) {
  waiter->unparked = true;
  waiter->fiber->WakeUp(Wake::kNotified);
}

// A synchronous entry was refused a wait and has not asked why yet.
bool refusal_to_raise = false;

constexpr int kParkOk = 0;
constexpr int kParkAgain = -1;
constexpr int kParkTimeout = -2;
constexpr int kParkInterrupted = -3;

bool Equal(const void* a, const void* b, uint32_t size) {
  const auto* left = static_cast<const unsigned char*>(a);
  const auto* right = static_cast<const unsigned char*>(b);
  for (uint32_t i = 0; i < size; i++) {
    if (left[i] != right[i]) return false;
  }
  return true;
}

}  // namespace

ParkResult Park(Fiber* fiber, const void* address, void* argument, Nanoseconds deadline, Interrupts interrupts,
                const char* waits_for) {
  const bool keeps = interrupts == Interrupts::kKeep;
  Waiter waiter{.fiber = fiber, .address = address, .argument = argument, .keeps = keeps};
  Insert(&waiter);
  fiber->parked_at = address;
  fiber->cannot_raise = keeps;
  ParkResult result = ParkResult::kUnparked;
  do {
    if (!keeps && fiber->has_exception()) {
      result = ParkResult::kInterrupted;
      break;
    }
    WaitUninterrupted(fiber, waits_for, deadline);
    if (GivesUp(&waiter)) {
      result = fiber->woken_by() == Wake::kTimedOut ? ParkResult::kTimedOut : ParkResult::kInterrupted;
    } else if (fiber->woken_by() == Wake::kNone && fiber->thrown()) {
      result = ParkResult::kRefused;
    }
  } while (!waiter.unparked && result == ParkResult::kUnparked);
  Remove(&waiter);
  fiber->parked_at = nullptr;
  fiber->cannot_raise = false;
  return waiter.unparked ? ParkResult::kUnparked : result;
}

void Unpark(const void* address, UnparkFunction unparked, void* argument) {
  PassSwitchPoint();
  Waiter* waiter = NextAt(BucketOf(address)->first, address);
  if (!waiter) {
    unparked(argument, nullptr, 0);
    return;
  }
  const bool more = NextAt(waiter->next, address) != nullptr;
  Remove(waiter);
  unparked(argument, waiter->argument, more);
  WakeWaiter(waiter);
}

void UnparkAll(const void* address) {
  PassSwitchPoint();
  Waiter* waiter = NextAt(BucketOf(address)->first, address);
  while (waiter) {
    Waiter* const next = NextAt(waiter->next, address);
    Remove(waiter);
    WakeWaiter(waiter);
    waiter = next;
  }
}

int ParkedFibers() { return parked; }

}  // namespace blockon

using namespace blockon;

extern "C" {

// In place of _PyParkingLot_Park. Its callers take an interruption for a signal: those that can raise ask Py_MakePendingCalls for
// the exception, the others park again, and are not interrupted then.
__attribute__((visibility("default"))) int blockon_parking_lot_park(const void* address, const void* expected,
                                                                    uint32_t size, int64_t timeout, void* argument,
                                                                    int) {
  if (!Equal(address, expected, size)) return kParkAgain;
  if (timeout == 0) return kParkTimeout;
  AttachedThreadState attached;
  if (!CanSuspend()) {
    if (refusal_to_raise) EndForDeadlock();
    refusal_to_raise = true;
    return kParkInterrupted;
  }
  Fiber* fiber = Fiber::Current();
  const Interrupts interrupts = fiber->interrupted ? Interrupts::kKeep : Interrupts::kReturn;
  fiber->interrupted = false;
  switch (Park(fiber, address, argument, DeadlineAfter(timeout), interrupts, "another task")) {
    case ParkResult::kUnparked:
      return kParkOk;
    case ParkResult::kTimedOut:
      return kParkTimeout;
    case ParkResult::kInterrupted:
      fiber->interrupted = fiber->has_exception();
      return kParkInterrupted;
    case ParkResult::kRefused:
      break;
  }
  refusal_to_raise = true;
  return kParkInterrupted;
}

// In place of _PyParkingLot_Unpark and _PyParkingLot_UnparkAll.
__attribute__((visibility("default"))) void blockon_parking_lot_unpark(const void* address, UnparkFunction unparked,
                                                                       void* argument) {
  Unpark(address, unparked, argument);
}
__attribute__((visibility("default"))) void blockon_parking_lot_unpark_all(const void* address) { UnparkAll(address); }

// In place of Py_MakePendingCalls, which is asked what interrupted a wait.
__attribute__((visibility("default"))) int blockon_make_pending_calls() {
  if (refusal_to_raise) {
    refusal_to_raise = false;
    RaiseCannotWait(nullptr, nullptr);
    return -1;
  }
  return blockon_check_signals() == 0 ? Py_MakePendingCalls() : -1;
}

}  // extern "C"
