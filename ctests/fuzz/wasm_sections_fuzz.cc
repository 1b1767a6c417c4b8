// A wasm module of a Worker's package, or any part of an image of its files, without what initializes its memory.
//
// What is kept are sections of the module, whole and in their order: nothing is made up, and what was left out once is out.
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include "byte_source.h"
#include "jspi/util/wasm_sections.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Most inputs begin as a module does, so that what follows is looked at.
  const std::string begin = size > 0 && data[0] % 8 != 0 ? std::string("\0asm\1\0\0\0", 8) : std::string();
  const std::string text = begin + std::string(reinterpret_cast<const char*>(data), size);
  // Of its own size: the address sanitizer sees what reads behind it.
  const auto bytes = std::make_unique<char[]>(text.size());
  std::copy(text.begin(), text.end(), bytes.get());
  const std::string_view input(bytes.get(), text.size());
  const std::string kept = blockon::WithoutInitialMemory(input);
  FUZZ_CHECK(kept.size() <= input.size());
  size_t at = 0;
  for (const char one : kept) {
    at = input.find(one, at);
    FUZZ_CHECK(at++ != std::string_view::npos);
  }
  FUZZ_CHECK(blockon::WithoutInitialMemory(kept) == kept);
  FUZZ_CHECK(blockon::HasOwnMemory(kept) == blockon::HasOwnMemory(input));
  return 0;
}
