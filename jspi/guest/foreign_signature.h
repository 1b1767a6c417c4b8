// The wasm signature of a foreign function, with the code that was made for it.
//
// A signature is a text of one character for each wasm type, the result's first: v (no result), i, j, f, d. Each has one
// entry for the life of the interpreter, which knows a table slot for calls to such functions and the module of which closures
// are made. Both are made at first use, and again by an instance that a memory snapshot was restored into: its table
// is not the one that the entries were written for.
//
// Owner: the interpreter. Runs no Python, needs no thread state.
#ifndef BLOCKON_JSPI_GUEST_FOREIGN_SIGNATURE_H_
#define BLOCKON_JSPI_GUEST_FOREIGN_SIGNATURE_H_

#include <stdint.h>

#include "ffi_types.h"

namespace blockon {

// V8's limit for the parameters of one function.
constexpr uint32_t kMaxParameters = 1000;
// The characters that SignatureText may need for so many arguments, of which each takes two at most: the result, its
// pointer, the pointer to variable arguments.
constexpr uint32_t SignatureCapacity(uint32_t args) { return 2 * args + 3; }

// Builds the text of a signature in room that the caller has.
class SignatureText {
 public:
  explicit SignatureText(char* room) : text_(room) {}
  void Add(char type) {
    text_[length_++] = type;
    hash_ = hash_ * 31 + static_cast<uint8_t>(type);
  }
  const char* text() const { return text_; }
  uint32_t length() const { return length_; }
  uint32_t hash() const { return hash_; }

 private:
  char* text_;
  uint32_t length_ = 0;
  uint32_t hash_ = 0;
};

// What a call through a Caller came to.
enum class CallOutcome : int {
  kOtherSignature = 0,  // nothing was called
  kDone = 1,
  kNoFunction = 2,  // the address is no function's; nothing was called
};
// Calls the function at `slot` with an argument in each of `args`, of 8 bytes each; the result goes into 8 bytes more.
using Caller = CallOutcome (*)(void* slot, const uint64_t* args, uint64_t* result);

// Null when the code cannot be made: no memory, no room in the table, too many parameters.
Caller CallerFor(const SignatureText& signature);
// The number by which blockon_closure_set knows the module; 0 when it cannot be made.
int ClosureKindFor(const SignatureText& signature);

// 'v', 'i' ... of a result; `passing` is possible.
char ResultType(Passing passing);

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_FOREIGN_SIGNATURE_H_
