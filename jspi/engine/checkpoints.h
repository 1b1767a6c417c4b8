// The checkpoint of a realm's interpreter: its memory as it was at one moment, to which it is reset.
//
// What else an interpreter is (tables, the glue's variables, files, the realm) is the glue's and the realm's to put back
// (patches/314.0.7/0064-resets.toml, runtime/realm/89-resets.js). Owned by the engine; isolate's thread.
#ifndef BLOCKON_JSPI_ENGINE_CHECKPOINTS_H_
#define BLOCKON_JSPI_ENGINE_CHECKPOINTS_H_

#include <v8.h>

#include <memory>

#include "jspi/util/memory_checkpoint.h"

namespace blockon {

class Checkpoints {
 public:
  // (WebAssembly.Memory): takes the checkpoint, in place of one that was taken before. Throws.
  static void TakeCallback(const v8::FunctionCallbackInfo<v8::Value>& info);
  // (the same memory) -> number: puts it back, and says how many pages that were. When it throws, nobody may go on with the memory.
  static void RestoreCallback(const v8::FunctionCallbackInfo<v8::Value>& info);

 private:
  std::unique_ptr<MemoryCheckpoint> checkpoint_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_CHECKPOINTS_H_
