// Stands in for libffi's ffi_closure_alloc_js, ffi_closure_free_js and ffi_prep_closure_loc_js (patches/314.0.7/routes.txt).
#include "foreign_closure.h"

#include "engine_api.h"
#include "foreign_signature.h"
#include "python_api.h"

namespace blockon {
namespace {

// The wasm signature of the functions that a cif describes. False for what cannot be passed.
bool Describe(const ffi_cif& cif, SignatureText& signature) {
  const Passing result = PassingOf(Unwrapped(cif.rtype));
  if (result == Passing::kImpossible) return false;
  signature.Add(ReturnsByPointer(result) ? 'v' : ResultType(result));
  if (ReturnsByPointer(result)) signature.Add('i');
  for (uint32_t i = 0; i < cif.nfixedargs; i++) {
    const Passing passing = PassingOf(Unwrapped(cif.arg_types[i]));
    switch (passing) {
      case Passing::kImpossible:
        return false;
      case Passing::kNothing:
        break;
      case Passing::kByPointer:
        signature.Add('i');
        break;
      case Passing::kTwoI64:
        signature.Add('j');
        signature.Add('j');
        break;
      default:
        signature.Add(ResultType(passing));
    }
  }
  if (cif.nfixedargs < cif.nargs) signature.Add('i');
  return true;
}

void* Pointer(const uint64_t* slot) { return reinterpret_cast<void*>(static_cast<uint32_t>(*slot)); }

// The next variable argument, as va_arg reads it: aligned by its type, in no less than four bytes, structs by pointer.
void* NextVariable(uint32_t& at, const ffi_type* type) {
  if (PassingOf(type) == Passing::kByPointer) {
    at = (at + 3) & ~3u;
    void* copy = *reinterpret_cast<void**>(at);
    at += 4;
    return copy;
  }
  const uint32_t alignment = type->alignment < 4 ? 4 : type->alignment;
  at = (at + alignment - 1) & ~(alignment - 1);
  void* here = reinterpret_cast<void*>(at);
  at += (type->size + 3) & ~3u;
  return here;
}

}  // namespace
}  // namespace blockon

using blockon::Passing;

extern "C" {

void blockon_enter_closure(ffi_closure* closure, uint64_t* result, const uint64_t* args) {
  ffi_cif* cif = closure->cif;
  const ffi_type* type = blockon::Unwrapped(cif->rtype);
  // The closure may be freed before it returns.
  const ffi_type_id result_id = type->type;
  const Passing result_passing = blockon::PassingOf(type);
  void* room = result;
  *result = 0;
  if (blockon::ReturnsByPointer(result_passing)) room = blockon::Pointer(args++);

  auto** pointers = static_cast<void**>(__builtin_alloca((cif->nargs + 1) * sizeof(void*)));
  uint32_t i = 0;
  for (; i < cif->nfixedargs; i++) {
    const Passing passing = blockon::PassingOf(blockon::Unwrapped(cif->arg_types[i]));
    pointers[i] = const_cast<uint64_t*>(args);
    if (passing == Passing::kByPointer) pointers[i] = blockon::Pointer(args);
    if (passing == Passing::kNothing) continue;
    args += passing == Passing::kTwoI64 ? 2 : 1;
  }
  if (i < cif->nargs) {
    auto variable = static_cast<uint32_t>(*args);
    for (; i < cif->nargs; i++) pointers[i] = blockon::NextVariable(variable, blockon::Unwrapped(cif->arg_types[i]));
  }
  closure->fun(cif, room, pointers, closure->user_data);
  if (result_passing == Passing::kI32) *result = blockon::LoadExtended(result_id, result);
}

__attribute__((visibility("default"))) void* blockon_ffi_closure_alloc(uint32_t size, void** code) {
  auto* closure = static_cast<ffi_closure*>(PyMem_RawMalloc(size));
  const uint32_t slot = closure ? blockon_closure_slot(closure) : 0;
  if (!slot) {
    PyMem_RawFree(closure);
    return nullptr;
  }
  closure->slot = slot;
  *code = reinterpret_cast<void*>(slot);
  return closure;
}

__attribute__((visibility("default"))) void blockon_ffi_closure_free(void* closure) {
  blockon_closure_release(static_cast<ffi_closure*>(closure)->slot, closure);
  PyMem_RawFree(closure);
}

__attribute__((visibility("default"))) int blockon_ffi_prep_closure_loc(ffi_closure* closure, ffi_cif* cif, void* fun,
                                                                        void* user_data, void* code) {
  blockon::SignatureText signature(static_cast<char*>(__builtin_alloca(blockon::SignatureCapacity(cif->nfixedargs))));
  if (!blockon::Describe(*cif, signature)) return FFI_BAD_TYPEDEF;
  const int kind = blockon::ClosureKindFor(signature);
  if (!kind || !blockon_closure_set(reinterpret_cast<uint32_t>(code), kind, closure)) return FFI_BAD_TYPEDEF;
  closure->cif = cif;
  closure->fun = reinterpret_cast<decltype(closure->fun)>(fun);
  closure->user_data = user_data;
  return FFI_OK;
}

}  // extern "C"
