// What the guest does for its host's limits: it tells which request the code that runs is for, and ends that where the host says so.
//
//   host's watchdog (jspi/util/thread_meter.h): asked++, over = the request that is to end, signal = kLimitsAreAsked, countdown = 0
//     |
//   evaluation loop: finds the signal  -->  eval_breaker  -->  _Py_HandlePending, which is ours (interruption.cc)
//     |
//   AnswerLimits(): asks Python code, which knows requests (shims/blockon/_limits.py): it returns a number, or raises
//
// Code that never comes to the evaluation loop (C, JavaScript) does not answer: the host counts how long.
#ifndef BLOCKON_JSPI_GUEST_LIMITS_H_
#define BLOCKON_JSPI_GUEST_LIMITS_H_

#include "python_api.h"

namespace blockon {

// Out of CPython's poll for signals.
void NoteLimitsAreAsked();

// Between two instructions of Python code. False with an exception set.
bool AnswerLimits();

extern PyMethodDef limits_methods[];

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_LIMITS_H_
