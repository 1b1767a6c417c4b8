// Every pass of blockon-opt: one row a pass, one flag, one file.
#ifndef BLOCKON_JSPI_PASSES_PASS_REGISTRY_H_
#define BLOCKON_JSPI_PASSES_PASS_REGISTRY_H_

#include <memory>
#include <span>
#include <string>

#include "pass.h"

namespace blockon {

struct PassRow {
  const char* flag;      // "--merge-guest"
  const char* argument;  // "FILE"; empty where there is none
  const char* description;
  std::unique_ptr<wasm::Pass> (*create)(const std::string& argument);
};

std::span<const PassRow> Passes();

// merge_guest.cc. The argument is the guest's file.
std::unique_ptr<wasm::Pass> CreateMergeGuestPass(const std::string& guest_path);
// routes.cc. The argument is the file of routes.
std::unique_ptr<wasm::Pass> CreateRoutesPass(const std::string& routes_path);
// check_frames.cc. The argument is the file that names the functions.
std::unique_ptr<wasm::Pass> CreateCheckFramesPass(const std::string& file_path);
// settle_bases.cc. The argument is where data, table slots and the C stack are: MEMORY,TABLE,LOW,HIGH.
std::unique_ptr<wasm::Pass> CreateSettleBasesPass(const std::string& argument);
// settle_addresses.cc. The argument is the file of what the module does not say itself.
std::unique_ptr<wasm::Pass> CreateSettleAddressesPass(const std::string& rules_path);
// apply_relocations.cc and fold_addresses.cc. There is no argument.
std::unique_ptr<wasm::Pass> CreateApplyRelocationsPass(const std::string& argument);
std::unique_ptr<wasm::Pass> CreateFoldAddressesPass(const std::string& argument);
// link_table.cc. The argument is the file of the exports that stay, a comma, and the file to be written.
std::unique_ptr<wasm::Pass> CreateLinkTablePass(const std::string& argument);
// join_data.cc. The argument is how many bytes of zeros may lie between two segments.
std::unique_ptr<wasm::Pass> CreateJoinDataPass(const std::string& argument);
// suspend_audit.cc. The argument is the suspending import MODULE.NAME, and perhaps a comma and a
// file of JavaScript frames.
std::unique_ptr<wasm::Pass> CreateSuspendAuditPass(const std::string& import);

}  // namespace blockon

#endif  // BLOCKON_JSPI_PASSES_PASS_REGISTRY_H_
