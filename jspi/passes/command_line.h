// The command line of blockon-opt.
#ifndef BLOCKON_JSPI_PASSES_COMMAND_LINE_H_
#define BLOCKON_JSPI_PASSES_COMMAND_LINE_H_

#include <string>
#include <vector>

#include "jspi/passes/pass_registry.h"

namespace blockon {

struct PassCall {
  const PassRow* row;
  std::string argument;
};

struct CommandLine {
  std::vector<PassCall> passes;  // in the order of their flags
  std::string input;
  std::string output;  // empty: none; "-": text to stdout
  bool text = false;
  bool progress = false;
};

// Answers --help itself, with exit code 0; ends the process with exit code 2 and a message when the line is wrong.
CommandLine ParseCommandLine(int argc, char* argv[]);

}  // namespace blockon

#endif  // BLOCKON_JSPI_PASSES_COMMAND_LINE_H_
