// fold-addresses: code that adds a base to a number has the sum.
//
// Code of a position-independent module takes each address as a sum of a base and a number. Where the base is a constant of the module
// (settle-bases, apply-relocations), so is the sum:
//
//   (i32.add (global.get $base) (i32.const 8))   ->   (i32.const 1032)
//   (global.get $constant)                       ->   (i32.const 1024)
//
// The half of Pyodide's code that takes an address gets shorter and does not read a global any more.
//
// Rejected: Binaryen's precompute-propagate, which also follows bases that are kept in a local. The constants that it puts in their place are
// longer than the local was.
//
// Idempotent and deterministic.
#include <memory>
#include <optional>

#include "jspi/passes/constant_value.h"
#include "jspi/passes/pass_registry.h"
#include "wasm-builder.h"
#include "wasm-traversal.h"

namespace blockon {
namespace {

using namespace wasm;

struct FoldAddressesPass : public WalkerPass<PostWalker<FoldAddressesPass>> {
  bool isFunctionParallel() override { return true; }

  std::unique_ptr<Pass> create() override { return std::make_unique<FoldAddressesPass>(); }

  void visitGlobalGet(GlobalGet* curr) { Fold(curr); }
  void visitBinary(Binary* curr) { Fold(curr); }

 private:
  void Fold(Expression* expression) {
    if (const std::optional<uint32_t> value = ConstantValue(*getModule(), expression)) {
      replaceCurrent(Builder(*getModule()).makeConst(int32_t(*value)));
    }
  }
};

}  // namespace

std::unique_ptr<wasm::Pass> CreateFoldAddressesPass(const std::string&) {
  return std::make_unique<FoldAddressesPass>();
}

}  // namespace blockon
