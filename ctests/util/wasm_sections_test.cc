#include "jspi/util/wasm_sections.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace blockon {
namespace {

using std::string_literals::operator""s;

const std::string kPreamble = "\0asm\1\0\0\0"s;
const std::string kType = "\1\4\1\140\0\0"s;
// A function, the memory, a global.
const std::string kImport = "\2\25\3\1a\1f\0\0\1a\1m\2\0\1\1a\1g\3\177\0"s;
const std::string kFunction = "\3\2\1\0"s;
const std::string kMemory = "\5\3\1\0\1"s;
const std::string kDataCount = "\14\1\1"s;
const std::string kData = "\13\10\1\0\101\0\13\2ab"s;
const std::string kName = "\0\5\4name"s;
const std::string kStart = "\10\1\1"s;
// global.get 0, i32.const 8, i32.add, i32.const 0, i32.const 100, memory.fill
const std::string kFill = "\12\21\1\17\0\43\0\101\10\152\101\0\101\344\0\374\13\0\13"s;
// call 0
const std::string kCall = "\12\6\1\4\0\20\0\13"s;

std::string Module(std::initializer_list<std::string_view> sections) {
  std::string wasm = kPreamble;
  for (const std::string_view section : sections) wasm.append(section);
  return wasm;
}

TEST(WasmSectionsTest, AMemoryOfItsOwnIsNoImportedOne) {
  EXPECT_TRUE(HasOwnMemory(Module({kType, kImport, kFunction, kMemory})));
  // A section of another kind before it, and a count in more bytes than it needs.
  EXPECT_TRUE(HasOwnMemory(Module({kName, "\5\5\201\200\0\0\1"s})));
  EXPECT_FALSE(HasOwnMemory(kPreamble));
  EXPECT_FALSE(HasOwnMemory(Module({kType, kImport, kFunction})));
  EXPECT_FALSE(HasOwnMemory(Module({"\5\1\0"s})));
  EXPECT_FALSE(HasOwnMemory(Module({"\5\3\200\200\0"s})));
}

TEST(WasmSectionsTest, AModuleThatCannotBeReadMayHaveAMemory) {
  EXPECT_TRUE(HasOwnMemory(Module({"\1\377\0"s})));
  EXPECT_FALSE(HasOwnMemory(""));
  EXPECT_FALSE(HasOwnMemory("no module"));
}

TEST(WasmSectionsTest, LeaveOutDataAndItsCount) {
  EXPECT_EQ(WithoutInitialMemory(Module({kMemory, kDataCount, kData, kName})), Module({kMemory, kName}));
  EXPECT_EQ(WithoutInitialMemory(Module({kData})), kPreamble);
}

TEST(WasmSectionsTest, LeaveOutAStartThatOnlyFillsMemory) {
  EXPECT_EQ(WithoutInitialMemory(Module({kType, kImport, kFunction, kStart, kFill, kData})),
            Module({kType, kImport, kFunction, kFill}));
}

TEST(WasmSectionsTest, KeepAStartThatDoesMore) {
  const std::string calls = Module({kType, kImport, kFunction, kStart, kCall});
  EXPECT_EQ(WithoutInitialMemory(calls), calls);
  // An imported one, and one that is not there.
  for (const std::string_view start : {"\10\1\0"s, "\10\1\2"s}) {
    const std::string other = Module({kType, kImport, kFunction, start, kFill});
    EXPECT_EQ(WithoutInitialMemory(other), other);
  }
  // With a variable, global.set, memory.copy, without an end.
  for (const std::string_view code : {"\12\6\1\4\1\1\177\13"s, "\12\10\1\6\0\101\0\44\0\13"s,
                                      "\12\16\1\14\0\101\0\101\0\101\0\374\12\0\0\13"s, "\12\5\1\3\0\101\0"s}) {
    const std::string other = Module({kType, kImport, kFunction, kStart, code});
    EXPECT_EQ(WithoutInitialMemory(other), other);
  }
}

TEST(WasmSectionsTest, LeaveOutNothingElse) {
  const std::string other = Module({kMemory, kName});
  EXPECT_EQ(WithoutInitialMemory(other), other);
  EXPECT_EQ(WithoutInitialMemory(kPreamble), kPreamble);
}

// A size in more bytes than it needs, as linkers write it.
TEST(WasmSectionsTest, ReadSizesOfAnyLength) {
  EXPECT_EQ(WithoutInitialMemory(Module({"\13\210\200\200\200\0\1\0\101\0\13\2ab"s, kMemory})), Module({kMemory}));
}

TEST(WasmSectionsTest, LeaveWhatTheyCannotRead) {
  EXPECT_EQ(WithoutInitialMemory(""), "");
  EXPECT_EQ(WithoutInitialMemory("\0asm"s), "\0asm"s);
  for (const std::string_view rest : {"\13"s, "\13\377\377\377\377\377"s, "\13\11\1"s}) {
    const std::string wasm = Module({kMemory, rest});
    EXPECT_EQ(WithoutInitialMemory(wasm), wasm);
  }
}

// env.f and env.g, functions; env.b, the place of its memory; GOT.func.f and GOT.mem.d
const std::string kSideImport =
    "\2\65\5\3env\1f\0\0\3env\1b\3\177\0\3env\1g\0\0\10GOT.func\1f\3\177\1\7GOT.mem\1d\3\177\1"s;

TEST(WasmSectionsTest, TellWhatASideModuleAsksFor) {
  using Names = std::vector<std::string>;
  const AskedSymbols asked = SymbolsAskedBy(Module({kType, kSideImport, kFunction}), 10);
  EXPECT_EQ(asked.functions, Names({"f", "g"}));
  EXPECT_EQ(asked.addresses, Names({"f", "d"}));
  const AskedSymbols first = SymbolsAskedBy(Module({kType, kSideImport}), 1);
  EXPECT_EQ(first.functions, Names({"f"}));
  EXPECT_EQ(first.addresses, Names({"f"}));
}

TEST(WasmSectionsTest, TellOfNothingElseThatItAsksFor) {
  for (const std::string& wasm : {Module({kType, kImport}), kPreamble, ""s, Module({"\2\5\5\3env"s})}) {
    const AskedSymbols asked = SymbolsAskedBy(wasm, 10);
    EXPECT_TRUE(asked.functions.empty() && asked.addresses.empty());
  }
}

}  // namespace
}  // namespace blockon
