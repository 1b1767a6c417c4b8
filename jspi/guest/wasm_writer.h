// Writes a small wasm module into memory, byte by byte.
//
// The room is asked for once, when the writer is made; a module that does not fit (or no memory) leaves ok() false.
// Owner of the bytes: the writer. Runs no Python, needs no thread state.
#ifndef BLOCKON_JSPI_GUEST_WASM_WRITER_H_
#define BLOCKON_JSPI_GUEST_WASM_WRITER_H_

#include <stdint.h>

#include "python_api.h"

namespace blockon {

class WasmWriter {
 public:
  explicit WasmWriter(uint32_t capacity)
      : data_(static_cast<uint8_t*>(PyMem_RawMalloc(capacity))), capacity_(capacity) {
    ok_ = data_ != nullptr;
  }
  WasmWriter(const WasmWriter&) = delete;
  WasmWriter& operator=(const WasmWriter&) = delete;
  ~WasmWriter() { PyMem_RawFree(data_); }

  bool ok() const { return ok_; }
  const uint8_t* data() const { return data_; }
  uint32_t size() const { return size_; }

  void Byte(uint32_t byte) {
    if (!ok_ || size_ == capacity_) {
      ok_ = false;
      return;
    }
    data_[size_++] = static_cast<uint8_t>(byte);
  }
  void Bytes(const char* bytes, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) Byte(static_cast<uint8_t>(bytes[i]));
  }

  // LEB128.
  void Unsigned(uint32_t number) {
    while (number >= 0x80) {
      Byte((number & 0x7f) | 0x80);
      number >>= 7;
    }
    Byte(number);
  }
  void Signed(int32_t number) {
    while (number < -64 || number > 63) {
      Byte((static_cast<uint32_t>(number) & 0x7f) | 0x80);
      number >>= 7;
    }
    Byte(static_cast<uint32_t>(number) & 0x7f);
  }

  // A section or a function body: its size is filled in at its end, in five bytes always.
  uint32_t Begin() {
    const uint32_t at = size_;
    for (int i = 0; i < kSizeBytes; i++) Byte(0);
    return at;
  }
  void End(uint32_t at) {
    if (!ok_) return;
    uint32_t length = size_ - at - kSizeBytes;
    for (int i = 0; i < kSizeBytes; i++, length >>= 7) {
      data_[at + i] = static_cast<uint8_t>((length & 0x7f) | (i < kSizeBytes - 1 ? 0x80 : 0));
    }
  }

 private:
  static constexpr int kSizeBytes = 5;

  uint8_t* data_;
  uint32_t capacity_;
  uint32_t size_ = 0;
  bool ok_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_WASM_WRITER_H_
