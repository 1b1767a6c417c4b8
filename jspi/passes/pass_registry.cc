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
      {"--check-frames",
       "Give the functions that FILE names a frame on the C stack, so that CPython's check for deep recursion fires before "
       "V8's stack ends: lines 'bytes N', 'function EXPORT', 'callers EXPORT'",
       CreateCheckFramesPass},
      {"--suspend-audit",
       "Print what can stand on a stack that the import MODULE.NAME suspends. MODULE.NAME,FILE: and where the JavaScript "
       "imports that FILE names come between (lines of NAME, a tab, how it calls back). Changes nothing",
       CreateSuspendAuditPass},
  };
  return kPasses;
}

}  // namespace blockon
