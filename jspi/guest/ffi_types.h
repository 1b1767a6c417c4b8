// What the guest knows of libffi: its structures as they lie in memory, and how the C ABI of wasm32 passes each type.
//
// libffi's own wasm port is a part of Pyodide's wasm; ctypes and cffi fill these structures in. Nothing here allocates.
// Called on any stack, with or without a Python thread state.
#ifndef BLOCKON_JSPI_GUEST_FFI_TYPES_H_
#define BLOCKON_JSPI_GUEST_FFI_TYPES_H_

#include <stdint.h>

extern "C" {

enum ffi_type_id : uint16_t {
  FFI_TYPE_VOID,
  FFI_TYPE_INT,
  FFI_TYPE_FLOAT,
  FFI_TYPE_DOUBLE,
  FFI_TYPE_LONGDOUBLE,
  FFI_TYPE_UINT8,
  FFI_TYPE_SINT8,
  FFI_TYPE_UINT16,
  FFI_TYPE_SINT16,
  FFI_TYPE_UINT32,
  FFI_TYPE_SINT32,
  FFI_TYPE_UINT64,
  FFI_TYPE_SINT64,
  FFI_TYPE_STRUCT,
  FFI_TYPE_POINTER,
  FFI_TYPE_COMPLEX,
};

enum ffi_status : int { FFI_OK = 0, FFI_BAD_TYPEDEF = 1 };

struct ffi_type {
  uint32_t size;
  uint16_t alignment;
  ffi_type_id type;
  ffi_type** elements;  // of a struct; ends with null
};

struct ffi_cif {
  uint32_t abi;
  uint32_t nargs;
  ffi_type** arg_types;
  ffi_type* rtype;
  uint32_t bytes;
  uint32_t flags;
  uint32_t nfixedargs;  // fewer than nargs in a variadic call
};

struct ffi_closure {
  uint32_t slot;  // of the table: the address that C calls
  ffi_cif* cif;
  void (*fun)(ffi_cif* cif, void* result, void** args, void* user_data);
  void* user_data;
};

extern ffi_type ffi_type_pointer;

}  // extern "C"

namespace blockon {

// How a value travels.
enum class Passing : uint8_t {
  kNothing,  // void, a struct without members
  kI32,      // integers up to 32 bits, pointers
  kI64,
  kF32,
  kF64,
  kTwoI64,      // long double as an argument; as a result it is kByPointer
  kByPointer,   // a struct: the caller owns the copy, or the room for the result
  kImpossible,  // complex numbers, and what libffi does not know
};

// A struct with one member goes as that member, when the two are of one size: not when it is padded, nor when the member is
// an array, which ctypes describes by a pointer.
inline const ffi_type* Unwrapped(const ffi_type* type) {
  while (type->type == FFI_TYPE_STRUCT) {
    const ffi_type* first = type->elements[0];
    if (!first || type->elements[1] || first->size != type->size) break;
    type = first;
  }
  return type;
}

// `type` is unwrapped.
inline Passing PassingOf(const ffi_type* type) {
  switch (type->type) {
    case FFI_TYPE_VOID:
      return Passing::kNothing;
    case FFI_TYPE_INT:
    case FFI_TYPE_UINT8:
    case FFI_TYPE_SINT8:
    case FFI_TYPE_UINT16:
    case FFI_TYPE_SINT16:
    case FFI_TYPE_UINT32:
    case FFI_TYPE_SINT32:
    case FFI_TYPE_POINTER:
      return Passing::kI32;
    case FFI_TYPE_UINT64:
    case FFI_TYPE_SINT64:
      return Passing::kI64;
    case FFI_TYPE_FLOAT:
      return Passing::kF32;
    case FFI_TYPE_DOUBLE:
      return Passing::kF64;
    case FFI_TYPE_LONGDOUBLE:
      return Passing::kTwoI64;
    case FFI_TYPE_STRUCT:
      return type->elements[0] ? Passing::kByPointer : Passing::kNothing;
    default:
      return Passing::kImpossible;
  }
}

// An integer of up to 32 bits, extended as the C ABI asks of arguments and of results.
inline uint32_t LoadExtended(ffi_type_id type, const void* from) {
  switch (type) {
    case FFI_TYPE_UINT8:
      return *static_cast<const uint8_t*>(from);
    case FFI_TYPE_SINT8:
      return static_cast<uint32_t>(*static_cast<const int8_t*>(from));
    case FFI_TYPE_UINT16:
      return *static_cast<const uint16_t*>(from);
    case FFI_TYPE_SINT16:
      return static_cast<uint32_t>(*static_cast<const int16_t*>(from));
    default:
      return *static_cast<const uint32_t*>(from);
  }
}

// Whether the result comes by way of a pointer that is the first argument.
inline bool ReturnsByPointer(Passing result) { return result == Passing::kByPointer || result == Passing::kTwoI64; }

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_FFI_TYPES_H_
