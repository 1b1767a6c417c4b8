#include "foreign_signature.h"

#include "engine_api.h"
#include "foreign_modules.h"
#include "instance.h"
#include "wasm_writer.h"

namespace blockon {
namespace {

struct Entry {
  Entry* next;
  Caller caller;
  int closure_kind;
  uint32_t hash;
  uint32_t length;
  char text[];

  bool Is(const SignatureText& signature) const {
    if (hash != signature.hash() || length != signature.length()) return false;
    for (uint32_t i = 0; i < length; i++) {
      if (text[i] != signature.text()[i]) return false;
    }
    return true;
  }
};

constexpr uint32_t kBuckets = 64;
Entry* buckets[kBuckets];

// What another instance wrote here before its memory was saved means nothing in this one.
void Forget() {
  for (Entry* entry : buckets) {
    for (; entry; entry = entry->next) {
      entry->caller = nullptr;
      entry->closure_kind = 0;
    }
  }
}

// Null when memory is exhausted.
Entry* EntryFor(const SignatureText& signature) {
  if (blockon_is_new_instance(BLOCKON_INSTANCE_TABLE)) Forget();
  Entry** bucket = &buckets[signature.hash() % kBuckets];
  for (Entry* entry = *bucket; entry; entry = entry->next) {
    if (entry->Is(signature)) return entry;
  }
  auto* entry = static_cast<Entry*>(PyMem_RawMalloc(sizeof(Entry) + signature.length()));
  if (!entry) return nullptr;
  *entry = {*bucket, nullptr, 0, signature.hash(), signature.length()};
  for (uint32_t i = 0; i < signature.length(); i++) entry->text[i] = signature.text()[i];
  *bucket = entry;
  return entry;
}

}  // namespace

Caller CallerFor(const SignatureText& signature) {
  Entry* entry = EntryFor(signature);
  if (!entry) return nullptr;
  if (!entry->caller && signature.length() - 1 <= kMaxParameters) {
    WasmWriter module(CallModuleCapacity(entry->length));
    WriteCallModule(module, entry->text, entry->length);
    if (module.ok()) entry->caller = reinterpret_cast<Caller>(blockon_foreign_caller(module.data(), module.size()));
  }
  return entry->caller;
}

int ClosureKindFor(const SignatureText& signature) {
  Entry* entry = EntryFor(signature);
  if (!entry) return 0;
  if (!entry->closure_kind && signature.length() - 1 <= kMaxParameters) {
    WasmWriter module(ClosureModuleCapacity(entry->length));
    WriteClosureModule(module, entry->text, entry->length);
    if (module.ok()) entry->closure_kind = blockon_closure_kind(module.data(), module.size());
  }
  return entry->closure_kind;
}

char ResultType(Passing passing) {
  switch (passing) {
    case Passing::kI32:
      return 'i';
    case Passing::kI64:
      return 'j';
    case Passing::kF32:
      return 'f';
    case Passing::kF64:
      return 'd';
    default:
      return 'v';
  }
}

}  // namespace blockon
