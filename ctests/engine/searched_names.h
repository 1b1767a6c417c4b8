// A name that the system finds by a search domain, for tests: no test may set the machine's own.
#ifndef BLOCKON_CTESTS_ENGINE_SEARCHED_NAMES_H_
#define BLOCKON_CTESTS_ENGINE_SEARCHED_NAMES_H_

#include <atomic>

namespace blockon {

inline constexpr char kShortName[] = "intranet-for-tests";
inline constexpr char kSearchedName[] = "intranet-for-tests.corp.example";
inline constexpr char kSearchedAddress[] = "192.0.2.77";

// While it is set, the system has not found it yet.
inline std::atomic<bool> searched_name_takes_long = false;

}  // namespace blockon

#endif  // BLOCKON_CTESTS_ENGINE_SEARCHED_NAMES_H_
