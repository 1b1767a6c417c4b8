#include "jspi/util/wasm_sections.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace blockon {
namespace {

constexpr std::size_t kPreamble = 8;
constexpr std::string_view kMagic("\0asm", 4);
// https://webassembly.github.io/spec/core/binary/modules.html
enum Id : uint8_t { kImport = 2, kOwnMemory = 5, kStart = 8, kCode = 10, kData = 11, kDataCount = 12 };
enum Kind : uint8_t { kFunction, kTable, kMemory, kGlobal };
enum Code : uint8_t { kEnd = 0x0b, kGlobalGet = 0x23, kI32Const = 0x41, kI32Add = 0x6a, kBulk = 0xfc };
constexpr uint32_t kMemoryFill = 11;
constexpr uint8_t kHasMost = 1;

// Reads bytes one after another. What is behind the end makes it bad, and zeros.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  bool is_good() const { return is_good_; }
  bool is_at_end() const { return at_ == bytes_.size(); }
  std::size_t at() const { return at_; }

  uint8_t Byte() {
    if (at_ < bytes_.size()) return static_cast<uint8_t>(bytes_[at_++]);
    is_good_ = false;
    return 0;
  }
  // LEB128 of 32 bits.
  uint32_t Number() {
    uint32_t number = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      const uint8_t byte = Byte();
      number |= static_cast<uint32_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return number;
    }
    is_good_ = false;
    return 0;
  }
  std::string_view Bytes(uint32_t size) {
    if (size > bytes_.size() - at_) {
      is_good_ = false;
      return {};
    }
    at_ += size;
    return bytes_.substr(at_ - size, size);
  }

 private:
  const std::string_view bytes_;
  std::size_t at_ = 0;
  bool is_good_ = true;
};

struct Section {
  uint8_t id;
  std::string_view whole;
  std::string_view body;
};

// Empty where they cannot be read.
std::vector<Section> SectionsOf(std::string_view wasm) {
  std::vector<Section> sections;
  Reader reader(wasm);
  reader.Bytes(kPreamble);
  while (reader.is_good() && !reader.is_at_end()) {
    const std::size_t begin = reader.at();
    const uint8_t id = reader.Byte();
    const std::string_view body = reader.Bytes(reader.Number());
    sections.push_back({.id = id, .whole = wasm.substr(begin, reader.at() - begin), .body = body});
  }
  if (!reader.is_good()) sections.clear();
  return sections;
}

void SkipLimits(Reader* reader) {
  const uint8_t flags = reader->Byte();
  reader->Number();
  if ((flags & kHasMost) != 0) reader->Number();
}

struct Import {
  std::string_view module;
  std::string_view name;
  uint8_t kind;
};

// Nothing where they cannot be read, or one is of a kind that side modules have not.
std::optional<std::vector<Import>> ImportsIn(std::string_view section) {
  Reader reader(section);
  std::vector<Import> imports;
  for (uint32_t left = reader.Number(); left > 0 && reader.is_good(); left--) {
    Import import{};
    import.module = reader.Bytes(reader.Number());
    import.name = reader.Bytes(reader.Number());
    import.kind = reader.Byte();
    imports.push_back(import);
    switch (import.kind) {
      case kFunction:
        reader.Number();
        break;
      case kTable:
        reader.Byte();
        SkipLimits(&reader);
        break;
      case kMemory:
        SkipLimits(&reader);
        break;
      case kGlobal:
        reader.Byte();
        reader.Byte();
        break;
      default:
        return std::nullopt;
    }
  }
  if (!reader.is_good() || !reader.is_at_end()) return std::nullopt;
  return imports;
}

// How many functions are imported.
std::optional<uint32_t> ImportedFunctions(std::string_view section) {
  const auto imports = ImportsIn(section);
  if (!imports) return std::nullopt;
  return static_cast<uint32_t>(std::ranges::count(*imports, kFunction, &Import::kind));
}

bool OnlyFillsMemory(std::string_view function) {
  Reader reader(function);
  // It has no variables.
  if (reader.Number() != 0) return false;
  while (reader.is_good()) {
    switch (reader.Byte()) {
      case kGlobalGet:
      case kI32Const:
        reader.Number();
        break;
      case kI32Add:
        break;
      case kBulk:
        if (reader.Number() != kMemoryFill) return false;
        reader.Byte();
        break;
      case kEnd:
        return reader.is_good() && reader.is_at_end();
      default:
        return false;
    }
  }
  return false;
}

// Whether the function that is called at the start only fills memory.
bool StartOnlyFillsMemory(const std::vector<Section>& sections) {
  std::optional<uint32_t> imported = 0;
  std::optional<uint32_t> start;
  for (const Section& section : sections) {
    if (section.id == kImport) imported = ImportedFunctions(section.body);
    if (section.id == kStart) start = Reader(section.body).Number();
    if (section.id != kCode) continue;
    if (!imported || !start || *start < *imported) return false;
    Reader reader(section.body);
    if (*start - *imported >= reader.Number()) return false;
    for (uint32_t before = *start - *imported; before > 0 && reader.is_good(); before--) reader.Bytes(reader.Number());
    const std::string_view function = reader.Bytes(reader.Number());
    return reader.is_good() && OnlyFillsMemory(function);
  }
  return false;
}

}  // namespace

bool HasOwnMemory(std::string_view wasm) {
  const std::vector<Section> sections = SectionsOf(wasm);
  if (sections.empty()) return wasm.starts_with(kMagic) && wasm.size() != kPreamble;
  return std::ranges::any_of(sections, [](const Section& section) {
    // A count of none, in however many bytes.
    return section.id == kOwnMemory && Reader(section.body).Number() != 0;
  });
}

std::string WithoutInitialMemory(std::string_view wasm) {
  const std::vector<Section> sections = SectionsOf(wasm);
  if (sections.empty()) return std::string(wasm);
  const bool fills = StartOnlyFillsMemory(sections);
  std::string kept(wasm.substr(0, kPreamble));
  kept.reserve(wasm.size());
  for (const Section& section : sections) {
    const bool is_initial = section.id == kData || section.id == kDataCount || (section.id == kStart && fills);
    if (!is_initial) kept += section.whole;
  }
  return kept;
}

AskedSymbols SymbolsAskedBy(std::string_view wasm, std::size_t most) {
  AskedSymbols asked;
  for (const Section& section : SectionsOf(wasm)) {
    const auto imports = section.id == kImport ? ImportsIn(section.body) : std::nullopt;
    if (!imports) continue;
    for (const auto& [module, name, kind] : *imports) {
      const bool is_function = kind == kFunction && module == "env";
      if (!is_function && !(kind == kGlobal && module.starts_with("GOT."))) continue;
      std::vector<std::string>& names = is_function ? asked.functions : asked.addresses;
      if (names.size() < most) names.emplace_back(name);
    }
  }
  return asked;
}

}  // namespace blockon
