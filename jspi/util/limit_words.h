// What a guest and its host tell one another of the request that the running code is for, in the guest's linear memory.
//
// As of slice_words.h: one side's write may be lost to the other's in the same moment, so the host asks again.
#ifndef BLOCKON_JSPI_UTIL_LIMIT_WORDS_H_
#define BLOCKON_JSPI_UTIL_LIMIT_WORDS_H_

#include <stdint.h>

namespace blockon {

struct LimitWords {
  // The host's: another number for each question.
  uint32_t asked;
  // The host's: the request that is to end where it runs; 0 for none.
  uint32_t over;
  // The guest's: the question that was answered last, and the request whose code ran then, 0 for none.
  uint32_t answered;
  uint32_t request;
  // The guest's, set once: addresses of words of CPython's, the countdown of the evaluation loop to its next look for signals, and the
  // signal that it then finds, 0 for none.
  uint32_t countdown;
  uint32_t signal;
};

// What the host writes for a signal: it has asked. No number of a signal.
constexpr uint32_t kLimitsAreAsked = 0x511CF;

}  // namespace blockon

#endif  // BLOCKON_JSPI_UTIL_LIMIT_WORDS_H_
