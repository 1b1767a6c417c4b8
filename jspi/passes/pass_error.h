// The one exception of these passes: the input is not what the pass needs. Its text says what is wrong with which name;
// blockon-opt prints it and ends with exit code 1, without output. A broken invariant of our own is an abort instead.
#ifndef BLOCKON_JSPI_PASSES_PASS_ERROR_H_
#define BLOCKON_JSPI_PASSES_PASS_ERROR_H_

#include <stdexcept>

namespace blockon {

class PassError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_PASSES_PASS_ERROR_H_
