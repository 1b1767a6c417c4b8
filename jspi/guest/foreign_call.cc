// Calls to foreign functions (ctypes, cffi), in place of libffi's ffi_call_js (patches/314.0.7/routes.txt).
//
// Lays the arguments out in 8 bytes each, with copies of structs and the variable arguments on the C stack of whoever calls,
// and has them loaded and passed by the code of the signature (foreign_signature.h). The stack pointer moves only in
// this C++ function, which has it back at its end; when an exception passes, who catches it sets it.
//
// Called on any stack, with a Python thread state (pythonapi) or without one (CDLL, which gives it back for the call).
#include "engine_api.h"
#include "ffi_types.h"
#include "foreign_signature.h"
#include "python_api.h"

namespace blockon {
namespace {

// ctypes looks for this exception after a pythonapi call; after others it becomes the cause of a SystemError.
void Raise(PyObject* type, const char* message) {
  const int state = PyGILState_Ensure();
  PyErr_SetString(type, message);
  PyGILState_Release(state);
}

void Copy(void* to, const void* from, uint32_t size) { __builtin_memcpy(to, from, size); }

// Structs that are too large for a fiber's C stack are copied to the heap for the call; what passes by an exception leaks
// them.
constexpr uint32_t kLargestOnStack = 4096;

class HeapCopies {
 public:
  HeapCopies() = default;
  HeapCopies(const HeapCopies&) = delete;
  HeapCopies& operator=(const HeapCopies&) = delete;
  ~HeapCopies() {
    while (first_) {
      Header* next = first_->next;
      PyMem_RawFree(first_);
      first_ = next;
    }
  }

  // Null when memory is exhausted; ok() is then false.
  void* Room(uint32_t size) {
    auto* header = static_cast<Header*>(PyMem_RawMalloc(sizeof(Header) + size));
    if (!header) {
      ok_ = false;
      return nullptr;
    }
    header->next = first_;
    first_ = header;
    return header + 1;
  }
  bool ok() const { return ok_; }

 private:
  struct alignas(16) Header {
    Header* next;
  };
  Header* first_ = nullptr;
  bool ok_ = true;
};

// The bytes that variable arguments take up at most: each is aligned by its type.
uint32_t VariableSize(const ffi_cif* cif) {
  uint32_t size = 0;
  for (uint32_t i = cif->nfixedargs; i < cif->nargs; i++) {
    const ffi_type* type = Unwrapped(cif->arg_types[i]);
    size += PassingOf(type) == Passing::kByPointer ? 4 : type->size + type->alignment + 6;
  }
  return size;
}

// Writes one variable argument as va_arg reads it; returns where the next may begin. A struct goes by pointer.
uint8_t* PutVariable(uint8_t* at, const ffi_type* type, const void* value) {
  const uint32_t alignment = type->alignment < 4 ? 4 : type->alignment;
  auto* here = reinterpret_cast<uint8_t*>((reinterpret_cast<uint32_t>(at) + alignment - 1) & ~(alignment - 1));
  if (PassingOf(type) == Passing::kI32) {
    *reinterpret_cast<uint32_t*>(here) = LoadExtended(type->type, value);
    return here + 4;
  }
  Copy(here, value, type->size);
  return here + type->size;
}

void StoreResult(const ffi_type* type, Passing passing, const uint64_t* result, void* to) {
  switch (passing) {
    case Passing::kI32:
      // As wide as libffi promises: ffi_arg.
      *static_cast<uint32_t*>(to) = LoadExtended(type->type, result);
      break;
    case Passing::kF32:
      Copy(to, result, 4);
      break;
    case Passing::kI64:
    case Passing::kF64:
      *static_cast<uint64_t*>(to) = *result;
      break;
    default:
      break;
  }
}

// The result of a call that was not made.
void Fail(const ffi_type* type, void* result, PyObject* exception, const char* message) {
  if (result) __builtin_memset(result, 0, type->size < 4 ? 4 : type->size);
  Raise(exception, message);
}

}  // namespace
}  // namespace blockon

using blockon::CallOutcome;
using blockon::Passing;

extern "C" __attribute__((visibility("default"))) void blockon_ffi_call(ffi_cif* cif, void* function, void* rvalue,
                                                                        void** avalue) {
  const uint32_t fixed = cif->nfixedargs;
  const uint32_t capacity = blockon::SignatureCapacity(fixed);
  auto* const slots = static_cast<uint64_t*>(__builtin_alloca(capacity * (sizeof(uint64_t) + 1)));
  uint64_t* slot = slots;
  blockon::SignatureText signature(reinterpret_cast<char*>(slots + capacity));

  const ffi_type* rtype = blockon::Unwrapped(cif->rtype);
  const Passing returns = blockon::PassingOf(rtype);
  bool possible = returns != Passing::kImpossible;
  blockon::HeapCopies large;
  if (blockon::ReturnsByPointer(returns)) {
    signature.Add('v');
    signature.Add('i');
    if (!rvalue) rvalue = large.Room(rtype->size);
    *slot++ = reinterpret_cast<uint32_t>(rvalue);
  } else {
    signature.Add(blockon::ResultType(returns));
  }
  for (uint32_t i = 0; i < fixed; i++) {
    const ffi_type* type = blockon::Unwrapped(cif->arg_types[i]);
    const void* value = avalue[i];
    switch (blockon::PassingOf(type)) {
      case Passing::kI32:
        signature.Add('i');
        *slot++ = blockon::LoadExtended(type->type, value);
        break;
      case Passing::kI64:
        signature.Add('j');
        *slot++ = *static_cast<const uint64_t*>(value);
        break;
      case Passing::kF32:
        signature.Add('f');
        *slot++ = *static_cast<const uint32_t*>(value);
        break;
      case Passing::kF64:
        signature.Add('d');
        *slot++ = *static_cast<const uint64_t*>(value);
        break;
      case Passing::kTwoI64:
        signature.Add('j');
        signature.Add('j');
        blockon::Copy(slot, value, 16);
        slot += 2;
        break;
      case Passing::kByPointer: {
        void* copy = type->size > blockon::kLargestOnStack ? large.Room(type->size)
                                                           : __builtin_alloca_with_align(type->size, 128);
        if (copy) blockon::Copy(copy, value, type->size);
        signature.Add('i');
        *slot++ = reinterpret_cast<uint32_t>(copy);
        break;
      }
      case Passing::kNothing:
        break;
      case Passing::kImpossible:
        possible = false;
    }
  }
  if (fixed < cif->nargs) {
    auto* variable = static_cast<uint8_t*>(__builtin_alloca_with_align(blockon::VariableSize(cif), 128));
    signature.Add('i');
    *slot++ = reinterpret_cast<uint32_t>(variable);
    for (uint32_t i = fixed; i < cif->nargs; i++) {
      const ffi_type* type = blockon::Unwrapped(cif->arg_types[i]);
      if (blockon::PassingOf(type) == Passing::kByPointer) {
        void* copy = type->size > blockon::kLargestOnStack ? large.Room(type->size)
                                                           : __builtin_alloca_with_align(type->size, 128);
        if (copy) blockon::Copy(copy, avalue[i], type->size);
        variable = blockon::PutVariable(variable, &ffi_type_pointer, &copy);
      } else {
        variable = blockon::PutVariable(variable, type, avalue[i]);
      }
    }
  }
  if (!possible) {
    blockon::Fail(rtype, rvalue, PyExc_TypeError, "a foreign function cannot take or return a complex number here");
    return;
  }

  const blockon::Caller call = large.ok() ? blockon::CallerFor(signature) : nullptr;
  if (!call) {
    blockon::Fail(rtype, rvalue, PyExc_MemoryError,
                  "cannot make the code for calls to foreign functions of this signature: no memory, no room in the "
                  "table of functions, or more than 1000 parameters");
    return;
  }
  uint64_t result = 0;
  switch (call(function, slots, &result)) {
    case CallOutcome::kDone:
      if (rvalue) blockon::StoreResult(rtype, returns, &result, rvalue);
      break;
    case CallOutcome::kNoFunction:
      blockon::Fail(rtype, rvalue, PyExc_OSError, "there is no function at the address that was to be called");
      break;
    case CallOutcome::kOtherSignature:
      if (!blockon_foreign_call_by_javascript(cif, function, rvalue, avalue)) {
        blockon::Fail(rtype, rvalue, PyExc_TypeError,
                      "the foreign function has other types than it is called with: 64-bit integers are c_longlong");
      }
      break;
  }
}
