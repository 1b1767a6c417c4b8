// Memories of WebAssembly that a realm makes besides its interpreter's, which V8 counts nowhere: they are few, each is no larger than V8's heap may
// be, and what they hold is told, so that it counts with ArrayBuffers (full_heap.h).
//
//   seal, when the interpreter is there      no SharedArrayBuffer from now on, and no shared memory
//   WebAssembly.Memory                       makes one where there is room
//   WebAssembly.Instance, instantiate        refuse a module with a memory of its own, whose instance could grow it unseen
//
// Owner: one Engine, on its isolate's thread, as long as the environment: what the realm has of it is called to the end.
#ifndef BLOCKON_JSPI_ENGINE_OWN_MEMORIES_H_
#define BLOCKON_JSPI_ENGINE_OWN_MEMORIES_H_

#include <v8.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace blockon {

class OwnMemories {
 public:
  OwnMemories() = default;
  OwnMemories(const OwnMemories&) = delete;
  OwnMemories& operator=(const OwnMemories&) = delete;
  ~OwnMemories();

  // () -> undefined: seals the realm that it is called in, once.
  static void SealCallback(const v8::FunctionCallbackInfo<v8::Value>& info);

  // What those of all realms of this thread hold that somebody has still, for all that V8 knows before it collects.
  static uint64_t BytesOfThread(v8::Isolate* isolate);

  // It does not keep the realm any more. What is left of it makes no memory.
  void Dispose();

 private:
  struct Memory {
    v8::Global<v8::WasmMemoryObject> object;
    // A buffer may have it without the object.
    std::weak_ptr<v8::BackingStore> store;
  };

  static void MemoryCallback(const v8::FunctionCallbackInfo<v8::Value>& info);
  static bool InstanceCallback(const v8::FunctionCallbackInfo<v8::Value>& info);
  static void InstantiateCallback(const v8::FunctionCallbackInfo<v8::Value>& info);

  // False with an exception pending.
  bool Seal(v8::Local<v8::Context> realm);
  // What the constructor is to be given in place of this; empty with an exception pending.
  v8::MaybeLocal<v8::Object> Descriptor(v8::Local<v8::Context> context, v8::Local<v8::Object> asked);
  bool HasRoom(v8::Isolate* isolate, uint64_t bytes);
  // Forgets those that nobody has.
  uint64_t Bytes(v8::Isolate* isolate);

  bool is_sealed_ = false;
  v8::Global<v8::Context> realm_;
  v8::Global<v8::Function> new_memory_;
  v8::Global<v8::Function> instantiate_;
  std::vector<Memory> memories_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_OWN_MEMORIES_H_
