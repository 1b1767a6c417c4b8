// blockon-opt: runs our Binaryen passes over a module, in the order of the flags.
//
// Exit codes: 0, 1 when an input is not what a pass needs (the message says what), 2 for a wrong command line.
#include <cstdlib>
#include <iostream>
#include <memory>

#include "jspi/passes/command_line.h"
#include "jspi/passes/module_io.h"
#include "jspi/passes/pass_error.h"
#include "wasm-validator.h"

namespace {

void Run(const blockon::CommandLine& command) {
  std::unique_ptr<wasm::Module> module = blockon::ReadModule(command.input);
  for (const blockon::PassCall& call : command.passes) {
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

int main(int argc, char* argv[]) {
  const blockon::CommandLine command = blockon::ParseCommandLine(argc, argv);
  try {
    Run(command);
  } catch (const blockon::PassError& error) {
    std::cerr << "blockon-opt: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
