// BLOCKON_SWITCH=random:SEED: threads are switched at random, by a generator that the seed begins, and not by the clock. It is for tests:
// what depends on an order goes wrong sooner, and again with the same seed, as far as timers and the host's events allow.
//
//   the evaluation loop's look at eval_breaker   gives way, on average once in some dozens of them; a few times in a row at times
//   a lock taken, waited for or released         gives way at the next such look, in one case of four
//   a wait that ended, a thread that began       gives way at once, or at the first look, in one case of two
//   a turn of the host's loop                    any one of those that were pre-empted goes on, not the first
//
// Who may not be pre-empted is not (time_slices.h). Locks are handed over in order, and asyncio's callbacks run in it.
#ifndef BLOCKON_JSPI_GUEST_RANDOM_SWITCHES_H_
#define BLOCKON_JSPI_GUEST_RANDOM_SWITCHES_H_

#include <stdint.h>

namespace blockon {

// Called on any stack.
bool SwitchesAtRandom();

// One in so many; false where nothing is switched at random.
bool RandomlyOneIn(uint32_t count);
// Of so many, which is to be next; 0 where nothing is switched at random.
uint32_t RandomIndex(uint32_t count);

// Has CPython's evaluation loop poll for signals after a number of looks that is drawn.
void DrawNextPoll();

// What SwitchesAtRandom() said last: it was asked when the first fiber that can be pre-empted began.
extern bool switches_at_random;

void DrawSwitch();
// The fiber that runs, if it can be pre-empted, passes a place where the order of fibers matters: it may have to give way soon.
inline void PassSwitchPoint() {
  if (switches_at_random) DrawSwitch();
}

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_RANDOM_SWITCHES_H_
