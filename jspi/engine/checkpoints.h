// The checkpoint of a realm's interpreter: its memory as it was at one moment, to which it is reset.
//
// What else an interpreter is (tables, the glue's variables, files, the realm) is the glue's and the realm's to put back
// (patches/314.0.7/0064-resets.toml, runtime/realm/89-resets.js). Owned by the engine; isolate's thread.
#ifndef BLOCKON_JSPI_ENGINE_CHECKPOINTS_H_
#define BLOCKON_JSPI_ENGINE_CHECKPOINTS_H_

#include <v8.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "jspi/engine/limits.h"
#include "jspi/engine/slices.h"
#include "jspi/util/memory_checkpoint.h"

namespace blockon {

class Checkpoints {
 public:
  // `slices` and `limits` outlive it.
  Checkpoints(Slices* slices, Limits* limits) : slices_(slices), limits_(limits) {}

  bool has_one() const { return checkpoint_ != nullptr; }

  // (WebAssembly.Memory, ...addresses): takes the checkpoint, in place of one that was taken before. The addresses are those of Mersenne
  // Twisters, which are seeded with each reset: no two requests have the same random numbers. Throws.
  static void TakeCallback(const v8::FunctionCallbackInfo<v8::Value>& info);
  // (the same memory) -> number: puts it back, and says how many pages that were. When it throws, nobody may go on with the memory.
  static void RestoreCallback(const v8::FunctionCallbackInfo<v8::Value>& info);

 private:
  // What the address of a generator leads to: Python's random.Random has it so, as its glue has made sure.
  struct MersenneTwister {
    static constexpr int32_t kWords = 624;

    int32_t next;
    uint32_t state[kWords];
  };
  // Where the system has no random bytes: false.
  bool Seed(char* memory);

  // The clock's thread and the watchdog's write to the memory, too: not while this one is in here, and not what belonged to a request that
  // is over.
  Slices* const slices_;
  Limits* const limits_;
  std::unique_ptr<MemoryCheckpoint> checkpoint_;
  std::vector<uint32_t> generators_;
  // Random bytes for the next states, of which each is used once: to ask for so many at a time takes hardly longer than for those of one.
  static constexpr std::size_t kStates = 16;
  std::vector<unsigned char> random_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_CHECKPOINTS_H_
