#include "random_switches.h"

#include "engine_api.h"
#include "instance.h"
#include "interruption.h"
#include "time_slices.h"

extern "C" uint32_t _Py_emscripten_signal_clock;

namespace blockon {
namespace {

// How many looks at most lie between two polls of the evaluation loop: few at times, so that switches come close upon one another.
constexpr uint32_t kFewLooks = 4;
constexpr uint32_t kManyLooks = 96;

uint32_t state = 0;

// The seed is the engine's to say, of each instance.
void MeetSeed() {
  if (!blockon_is_new_instance(BLOCKON_INSTANCE_SEED)) return;
  const int seed = blockon_switch_seed();
  switches_at_random = seed >= 0;
  // An odd factor, so that seeds do not meet; the generator must not begin with 0.
  state = static_cast<uint32_t>(seed) * 2654435761u ^ 0x9E3779B9u;
  if (state == 0) state = 1;
}

// Marsaglia's xorshift of 32 bits.
uint32_t Next() {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

uint32_t Below(uint32_t count) { return static_cast<uint32_t>(static_cast<uint64_t>(Next()) * count >> 32); }

}  // namespace

bool switches_at_random = false;

bool SwitchesAtRandom() {
  MeetSeed();
  return switches_at_random;
}

bool RandomlyOneIn(uint32_t count) { return SwitchesAtRandom() && Below(count) == 0; }

uint32_t RandomIndex(uint32_t count) { return SwitchesAtRandom() ? Below(count) : 0; }

void DrawNextPoll() {
  PollDeadlines();
  _Py_emscripten_signal_clock = 1 + Below(Below(4) == 0 ? kFewLooks : kManyLooks);
}

void DrawSwitch() {
  if (RandomlyOneIn(4)) NoteSwitch();
}

}  // namespace blockon
