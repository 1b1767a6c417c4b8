#include "foreign_modules.h"

#include "foreign_closure.h"
#include "foreign_signature.h"

namespace blockon {
namespace {

enum Section : uint32_t { kTypes = 1, kImports = 2, kFunctions = 3, kGlobals = 6, kExports = 7, kCode = 10 };
enum ExternalKind : uint32_t { kFunction = 0, kTable = 1, kMemory = 2, kGlobal = 3 };
enum Op : uint32_t {
  kIf = 0x04,
  kEnd = 0x0b,
  kReturn = 0x0f,
  kCallIndirect = 0x11,
  kDrop = 0x1a,
  kLocalGet = 0x20,
  kLocalSet = 0x21,
  kLocalTee = 0x22,
  kGlobalGet = 0x23,
  kGlobalSet = 0x24,
  kTableGet = 0x25,
  kI32Const = 0x41,
  kI32GeU = 0x4f,
  kI32Add = 0x6a,
  kI32Sub = 0x6b,
  kRefIsNull = 0xd1,
  kGcPrefix = 0xfb,
  kMiscPrefix = 0xfc,
};
enum : uint32_t { kRefTest = 0x14, kTableSize = 0x10, kEmptyBlock = 0x40, kFuncref = 0x70, kFunctionType = 0x60 };

struct ValueType {
  uint8_t code, load, store, alignment;
};
constexpr ValueType TypeOf(char type) {
  switch (type) {
    case 'j':
      return {0x7e, 0x29, 0x37, 3};
    case 'f':
      return {0x7d, 0x2a, 0x38, 2};
    case 'd':
      return {0x7c, 0x2b, 0x39, 3};
    default:
      return {0x7f, 0x28, 0x36, 2};
  }
}

void Emit(WasmWriter& out, uint32_t op, uint32_t index) {
  out.Byte(op);
  out.Unsigned(index);
}
void EmitConst(WasmWriter& out, uint32_t number) {
  out.Byte(kI32Const);
  out.Signed(static_cast<int32_t>(number));
}
void EmitLoad(WasmWriter& out, char type, uint32_t offset) {
  out.Byte(TypeOf(type).load);
  out.Byte(TypeOf(type).alignment);
  out.Unsigned(offset);
}
void EmitStore(WasmWriter& out, char type, uint32_t offset) {
  out.Byte(TypeOf(type).store);
  out.Byte(TypeOf(type).alignment);
  out.Unsigned(offset);
}
void EmitCallIndirect(WasmWriter& out, uint32_t type) {
  Emit(out, kCallIndirect, type);
  out.Byte(0);
}
void EmitReturn(WasmWriter& out, CallOutcome outcome) {
  EmitConst(out, static_cast<uint32_t>(outcome));
  out.Byte(kReturn);
}

void WriteType(WasmWriter& out, char result, const char* parameters, uint32_t count) {
  out.Byte(kFunctionType);
  out.Unsigned(count);
  for (uint32_t i = 0; i < count; i++) out.Byte(TypeOf(parameters[i]).code);
  out.Byte(result == 'v' ? 0 : 1);
  if (result != 'v') out.Byte(TypeOf(result).code);
}

void WriteImport(WasmWriter& out, char name, const char* kind, uint32_t size) {
  const char names[] = {1, 'e', 1, name};
  out.Bytes(names, sizeof(names));
  out.Bytes(kind, size);
}

// Memory and table, whatever their sizes are, and the stack pointer as global 0.
void WriteImports(WasmWriter& out, bool stack_pointer) {
  const char memory[] = {kMemory, 0, 0};
  const char table[] = {kTable, kFuncref, 0, 0};
  const char global[] = {kGlobal, 0x7f, 1};
  out.Byte(kImports);
  const uint32_t section = out.Begin();
  out.Unsigned(stack_pointer ? 3 : 2);
  WriteImport(out, 'm', memory, sizeof(memory));
  WriteImport(out, 't', table, sizeof(table));
  if (stack_pointer) WriteImport(out, 's', global, sizeof(global));
  out.End(section);
}

void WriteOneFunction(WasmWriter& out, uint32_t type) {
  out.Byte(kFunctions);
  const uint32_t section = out.Begin();
  out.Unsigned(1);
  out.Unsigned(type);
  out.End(section);
}

void WriteFunctionExport(WasmWriter& out) {
  const char exports[] = {1, 1, 'f', kFunction, 0};
  out.Byte(kExports);
  const uint32_t section = out.Begin();
  out.Bytes(exports, sizeof(exports));
  out.End(section);
}

constexpr char kHeader[] = {0, 'a', 's', 'm', 1, 0, 0, 0};

// Locals of the call module's function.
enum : uint32_t { kSlot = 0, kArgs = 1, kResult = 2, kCallee = 3 };

// The results that a function may have for the one that is asked for, which comes first.
const char* OtherResults(char asked) {
  switch (asked) {
    case 'i':
      return "ivj";  // of 64 bits the lower ones
    case 'j':
      return "jv";
    case 'f':
      return "fv";
    case 'd':
      return "dv";
    default:
      return "vijfd";
  }
}

// If the callee returns `returns`: calls it, keeps the result if one is asked for and there is one, returns.
void WriteAttempt(WasmWriter& out, uint32_t type, char returns, const char* signature, uint32_t length) {
  const bool keeps = returns != 'v' && signature[0] != 'v';
  Emit(out, kLocalGet, kCallee);
  Emit(out, kGcPrefix, kRefTest);
  out.Signed(static_cast<int32_t>(type));
  Emit(out, kIf, kEmptyBlock);
  if (keeps) Emit(out, kLocalGet, kResult);
  for (uint32_t i = 1; i < length; i++) {
    Emit(out, kLocalGet, kArgs);
    EmitLoad(out, signature[i], 8 * (i - 1));
  }
  Emit(out, kLocalGet, kSlot);
  EmitCallIndirect(out, type);
  if (keeps) {
    EmitStore(out, returns, 0);
  } else if (returns != 'v') {
    out.Byte(kDrop);
  }
  EmitReturn(out, CallOutcome::kDone);
  out.Byte(kEnd);
}

}  // namespace

void WriteCallModule(WasmWriter& out, const char* signature, uint32_t length) {
  // The result that is asked for first, then what it may be in truth.
  const char* results = OtherResults(signature[0]);
  uint32_t count = 0;
  while (results[count]) count++;

  out.Bytes(kHeader, sizeof(kHeader));
  out.Byte(kTypes);
  uint32_t section = out.Begin();
  out.Unsigned(1 + count);
  WriteType(out, 'i', "iii", 3);
  for (uint32_t i = 0; i < count; i++) WriteType(out, results[i], signature + 1, length - 1);
  out.End(section);
  WriteImports(out, false);
  WriteOneFunction(out, 0);
  WriteFunctionExport(out);

  out.Byte(kCode);
  section = out.Begin();
  out.Unsigned(1);
  const uint32_t body = out.Begin();
  const char locals[] = {1, 1, kFuncref};
  out.Bytes(locals, sizeof(locals));
  Emit(out, kLocalGet, kSlot);
  Emit(out, kMiscPrefix, kTableSize);
  out.Byte(0);
  out.Byte(kI32GeU);
  Emit(out, kIf, kEmptyBlock);
  EmitReturn(out, CallOutcome::kNoFunction);
  out.Byte(kEnd);
  Emit(out, kLocalGet, kSlot);
  Emit(out, kTableGet, 0);
  Emit(out, kLocalSet, kCallee);
  for (uint32_t i = 0; i < count; i++) WriteAttempt(out, 1 + i, results[i], signature, length);
  Emit(out, kLocalGet, kCallee);
  out.Byte(kRefIsNull);
  Emit(out, kIf, kEmptyBlock);
  EmitReturn(out, CallOutcome::kNoFunction);
  out.Byte(kEnd);
  EmitConst(out, static_cast<uint32_t>(CallOutcome::kOtherSignature));
  out.Byte(kEnd);
  out.End(body);
  out.End(section);
}

void WriteClosureModule(WasmWriter& out, const char* signature, uint32_t length) {
  constexpr uint32_t kStackPointer = 0, kClosure = 1;  // globals
  constexpr uint32_t kArgsAt = 16;                     // in the frame, behind the result
  const uint32_t parameters = length - 1;
  const uint32_t frame_size = kArgsAt + ((8 * parameters + 15) & ~15u);
  const uint32_t frame = parameters;  // a local, behind the parameters

  out.Bytes(kHeader, sizeof(kHeader));
  out.Byte(kTypes);
  uint32_t section = out.Begin();
  out.Unsigned(2);
  WriteType(out, 'v', "iii", 3);
  WriteType(out, signature[0], signature + 1, parameters);
  out.End(section);
  WriteImports(out, true);
  WriteOneFunction(out, 1);
  const char globals[] = {1, 0x7f, 1, kI32Const, 0, kEnd};
  out.Byte(kGlobals);
  section = out.Begin();
  out.Bytes(globals, sizeof(globals));
  out.End(section);
  const char exports[] = {2, 1, 'f', kFunction, 0, 1, 'c', kGlobal, kClosure};
  out.Byte(kExports);
  section = out.Begin();
  out.Bytes(exports, sizeof(exports));
  out.End(section);

  out.Byte(kCode);
  section = out.Begin();
  out.Unsigned(1);
  const uint32_t body = out.Begin();
  const char locals[] = {1, 1, 0x7f};
  out.Bytes(locals, sizeof(locals));
  Emit(out, kGlobalGet, kStackPointer);
  EmitConst(out, frame_size);
  out.Byte(kI32Sub);
  Emit(out, kLocalTee, frame);
  Emit(out, kGlobalSet, kStackPointer);
  for (uint32_t i = 0; i < parameters; i++) {
    Emit(out, kLocalGet, frame);
    Emit(out, kLocalGet, i);
    EmitStore(out, signature[1 + i], kArgsAt + 8 * i);
  }
  Emit(out, kGlobalGet, kClosure);
  Emit(out, kLocalGet, frame);
  Emit(out, kLocalGet, frame);
  EmitConst(out, kArgsAt);
  out.Byte(kI32Add);
  EmitConst(out, reinterpret_cast<uint32_t>(&blockon_enter_closure));
  EmitCallIndirect(out, 0);
  if (signature[0] != 'v') {
    Emit(out, kLocalGet, frame);
    EmitLoad(out, signature[0], 0);
  }
  Emit(out, kLocalGet, frame);
  EmitConst(out, frame_size);
  out.Byte(kI32Add);
  Emit(out, kGlobalSet, kStackPointer);
  out.Byte(kEnd);
  out.End(body);
  out.End(section);
}

void WriteCountModule(WasmWriter& out) {
  constexpr uint32_t kMost = 3;
  out.Bytes(kHeader, sizeof(kHeader));
  out.Byte(kTypes);
  uint32_t section = out.Begin();
  out.Unsigned(1 + kMost);
  for (uint32_t count = 0; count <= kMost; count++) WriteType(out, 'i', "iii", count);
  out.End(section);
  WriteImports(out, false);
  WriteOneFunction(out, 1);
  WriteFunctionExport(out);

  out.Byte(kCode);
  section = out.Begin();
  out.Unsigned(1);
  const uint32_t body = out.Begin();
  out.Byte(0);
  for (uint32_t count = 0; count <= kMost; count++) {
    Emit(out, kLocalGet, kSlot);
    Emit(out, kTableGet, 0);
    Emit(out, kGcPrefix, kRefTest);
    out.Signed(static_cast<int32_t>(count));
    Emit(out, kIf, kEmptyBlock);
    EmitConst(out, count);
    out.Byte(kReturn);
    out.Byte(kEnd);
  }
  EmitConst(out, static_cast<uint32_t>(-1));
  out.Byte(kEnd);
  out.End(body);
  out.End(section);
}

}  // namespace blockon
