#include "jspi/passes/pass_registry.h"

namespace blockon {

std::span<const PassRow> Passes() {
  static constexpr PassRow kPasses[] = {
      {"--merge-guest",
       "Merge the side module FILE into the module: its imports are resolved to the module's exports, its data and "
       "table slots get a place, its start-up code runs after the module's own constructors",
       CreateMergeGuestPass},
      {"--routes",
       "Send uses of functions to the merged guest, as the lines of FILE say: 'function EXPORT GUEST' or 'import "
       "MODULE.NAME GUEST'",
       CreateRoutesPass},
      {"--suspend-audit",
       "Print what can stand on a stack that the import MODULE.NAME suspends: the functions that reach it by direct "
       "calls, and those that reach it through the table as well. Changes nothing",
       CreateSuspendAuditPass},
  };
  return kPasses;
}

}  // namespace blockon
