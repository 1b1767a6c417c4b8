#include "jspi/passes/pass_registry.h"

namespace blockon {

std::span<const PassRow> Passes() {
  static constexpr PassRow kPasses[] = {
      {"--settle-bases", "MEMORY,TABLE,LOW,HIGH",
       "Give a position-independent main module its place: its data begin at MEMORY, its table slots at TABLE, the C stack goes "
       "from HIGH down to LOW, and the heap begins there. Memory, table and stack pointer are its own, and exported",
       CreateSettleBasesPass},
      {"--merge-guest", "FILE",
       "Merge the side module FILE into the module: its imports are resolved to the module's exports, its data and "
       "table slots get a place, its start-up code runs after the module's own constructors",
       CreateMergeGuestPass},
      {"--routes", "FILE",
       "Send uses of functions to the merged guest, as the lines of FILE say: 'function EXPORT GUEST' or 'import "
       "MODULE.NAME GUEST'",
       CreateRoutesPass},
      {"--check-frames", "FILE",
       "Give the functions that FILE names a frame on the C stack, so that CPython's check for deep recursion fires before "
       "V8's stack ends: lines 'bytes N', 'function EXPORT', 'callers EXPORT'",
       CreateCheckFramesPass},
      {"--settle-addresses", "FILE",
       "Make the addresses that the module imports from GOT.func and GOT.mem constants; FILE says of those that are not the "
       "module's own whose they are: lines 'import NAME [TYPE ...]', 'absent NAME'",
       CreateSettleAddressesPass},
      {"--apply-relocations", "",
       "Write the addresses that the module would write into its data and globals when it starts, as far as they are "
       "known",
       CreateApplyRelocationsPass},
      {"--fold-addresses", "", "Make a constant of each sum with a global that is one", CreateFoldAddressesPass},
      {"--link-table", "FILE,FILE",
       "Take away the exports of functions and addresses that the first FILE does not name (one a line), give each function a "
       "slot in the table, and write the slots and addresses to the second FILE, as JSON",
       CreateLinkTablePass},
      {"--join-data", "BYTES", "Make one data segment of those that have at most BYTES zeros between them",
       CreateJoinDataPass},
      {"--suspend-audit", "MODULE.NAME[,FILE[,FILE]]",
       "Print what can stand on a stack that the import MODULE.NAME suspends; with a FILE, also where the JavaScript "
       "imports that it names come between (lines of MODULE.NAME, a tab, how it calls back); with a second one, what "
       "reaches the import by way of the exports that it names (one a line) alone is counted and not listed. Changes "
       "nothing",
       CreateSuspendAuditPass},
  };
  return kPasses;
}

}  // namespace blockon
