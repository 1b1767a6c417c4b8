// How functions of the guest are told from those of the module that it was merged into.
#ifndef BLOCKON_JSPI_PASSES_GUEST_NAMES_H_
#define BLOCKON_JSPI_PASSES_GUEST_NAMES_H_

#include <string>

#include "wasm.h"

namespace blockon {

// '$' appears in no C symbol, and the names that Binaryen makes up for a module without names are numbers.
inline constexpr std::string_view kGuestPrefix = "blockon$";

inline wasm::Name GuestName(wasm::Name name) { return std::string(kGuestPrefix) + name.toString(); }
inline bool IsGuestName(wasm::Name name) { return name.view().starts_with(kGuestPrefix); }

}  // namespace blockon

#endif  // BLOCKON_JSPI_PASSES_GUEST_NAMES_H_
