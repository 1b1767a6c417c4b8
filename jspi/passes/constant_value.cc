#include "jspi/passes/constant_value.h"

namespace blockon {

using namespace wasm;

std::optional<uint32_t> ConstantValue(Module& module, Expression* expression) {
  if (expression->type != Type::i32) return {};
  if (const auto* constant = expression->dynCast<Const>()) return uint32_t(constant->value.geti32());
  if (const auto* get = expression->dynCast<GlobalGet>()) {
    const Global* global = module.getGlobal(get->name);
    if (global->imported() || global->mutable_) return {};
    return ConstantValue(module, global->init);
  }
  const auto* binary = expression->dynCast<Binary>();
  if (!binary || (binary->op != AddInt32 && binary->op != SubInt32)) return {};
  const std::optional<uint32_t> left = ConstantValue(module, binary->left);
  const std::optional<uint32_t> right = ConstantValue(module, binary->right);
  if (!left || !right) return {};
  return binary->op == AddInt32 ? *left + *right : *left - *right;
}

}  // namespace blockon
