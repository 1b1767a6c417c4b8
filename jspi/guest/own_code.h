// Whether the Python code that runs is the runtime's own (shims), which is written for one fiber at a time between two waits: it is not
// pre-empted, and neither is C code that it calls. Code of others that it calls is.
//
// Called with a thread state attached. Runs no Python code and leaves no exception.
#ifndef BLOCKON_JSPI_GUEST_OWN_CODE_H_
#define BLOCKON_JSPI_GUEST_OWN_CODE_H_

namespace blockon {

bool RunsOwnCode();

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_OWN_CODE_H_
