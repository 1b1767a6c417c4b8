// blockon-opt: runs our Binaryen passes over a module, in the order of the flags.
//
// Exit codes: 0, 1 when an input is not what a pass needs (the message says what), 2 for a wrong command line.
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "jspi/passes/module_io.h"
#include "jspi/passes/pass_error.h"
#include "jspi/passes/pass_registry.h"
#include "support/command-line.h"
#include "wasm-validator.h"

namespace {

struct PassCall {
  const blockon::PassRow* row;
  std::string argument;
};

struct CommandLine {
  std::vector<PassCall> passes;
  std::string input;
  std::string output;
  bool text = false;
  bool progress = false;
};

[[noreturn]] void WrongUsage(const std::string& message) {
  std::cerr << "blockon-opt: " << message << " (blockon-opt --help lists the options)\n";
  std::exit(2);
}

CommandLine Parse(int argc, const char* argv[]) {
  using wasm::Options;
  CommandLine result;
  Options options("blockon-opt",
                  "Rewrite pyodide.asm.wasm. Passes run in the order of their flags; the module is validated after "
                  "each. Reads binary or text.");
  const std::string kOutput = "Output";
  options.add("--output", "-o", "Write the module to this file", kOutput, Options::Arguments::One,
              [&](Options*, const std::string& value) { result.output = value; });
  options.add("--emit-text", "-S", "Write text instead of binary ('-o -' writes text to stdout)", kOutput,
              Options::Arguments::Zero, [&](Options*, const std::string&) { result.text = true; });
  options.add("--progress", "", "Say on stderr which pass runs", kOutput, Options::Arguments::Zero,
              [&](Options*, const std::string&) { result.progress = true; });
  for (const blockon::PassRow& row : blockon::Passes()) {
    options.add(row.flag, "", row.description, "Passes", Options::Arguments::One,
                [&result, &row](Options*, const std::string& value) { result.passes.push_back({&row, value}); });
  }
  options.add_positional("INFILE", Options::Arguments::One, [&](Options*, const std::string& value) {
    if (!result.input.empty()) WrongUsage("one input only: " + result.input + " and " + value + " are given");
    result.input = value;
  });
  options.parse(argc, argv);
  if (result.input.empty()) WrongUsage("no input is given");
  if (result.passes.empty() && result.output.empty()) WrongUsage("neither a pass nor an output is given");
  return result;
}

void Run(const CommandLine& command) {
  std::unique_ptr<wasm::Module> module = blockon::ReadModule(command.input);
  for (const PassCall& call : command.passes) {
    if (command.progress) std::cerr << "blockon-opt: " << call.row->flag + 2 << "\n";
    wasm::PassRunner runner(module.get());
    runner.add(call.row->create(call.argument));
    runner.run();
    if (!wasm::WasmValidator().validate(*module)) {
      std::cerr << "blockon-opt: the pass " << call.row->flag + 2 << " left an invalid module: this is a bug of ours\n";
      std::abort();
    }
  }
  if (!command.output.empty()) blockon::WriteModule(*module, command.output, command.text);
}

}  // namespace

int main(int argc, const char* argv[]) {
  const CommandLine command = Parse(argc, argv);
  try {
    Run(command);
  } catch (const blockon::PassError& error) {
    std::cerr << "blockon-opt: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
