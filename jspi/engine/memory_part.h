// Places in the memory of a guest that it tells the engine.
#ifndef BLOCKON_JSPI_ENGINE_MEMORY_PART_H_
#define BLOCKON_JSPI_ENGINE_MEMORY_PART_H_

#include <v8.h>

namespace blockon {

// Null for what is no part of the memory, or not aligned.
template <typename T>
T* PartOf(const v8::BackingStore& memory, size_t address) {
  if (memory.ByteLength() < sizeof(T) || address > memory.ByteLength() - sizeof(T)) return nullptr;
  if (address == 0 || address % alignof(T) != 0) return nullptr;
  return reinterpret_cast<T*>(static_cast<char*>(memory.Data()) + address);
}

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_MEMORY_PART_H_
