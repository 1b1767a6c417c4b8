#include "jspi/passes/command_line.h"

#include <getopt.h>

#include <cstdlib>
#include <iostream>
#include <sstream>

namespace blockon {
namespace {

// The rows of the registry come first: the index of an option is that of its row.
enum OwnOption : int { kOutput = 1000, kEmitText, kProgress, kHelp };

constexpr option kOwnOptions[] = {
    {"output", required_argument, nullptr, kOutput},
    {"emit-text", no_argument, nullptr, kEmitText},
    {"progress", no_argument, nullptr, kProgress},
    {"help", no_argument, nullptr, kHelp},
};

[[noreturn]] void Refuse(const std::string& message) {
  std::cerr << "blockon-opt: " << message << " (blockon-opt --help lists the options)\n";
  std::exit(2);
}

// `flags`, and the words of `description` beside or below it, in 80 columns.
void PrintOption(const std::string& flags, const std::string& description) {
  constexpr size_t kIndent = 6;
  constexpr size_t kWidth = 80;
  std::cout << "  " << flags;
  size_t column = kWidth;
  std::istringstream words(description);
  for (std::string word; words >> word;) {
    if (column + 1 + word.size() > kWidth) {
      std::cout << "\n" << std::string(kIndent, ' ') << word;
      column = kIndent + word.size();
    } else {
      std::cout << " " << word;
      column += 1 + word.size();
    }
  }
  std::cout << "\n\n";
}

void PrintHelp() {
  std::cout << "Usage: blockon-opt [OPTION]... INFILE\n\n"
               "Rewrite pyodide.asm.wasm. Passes run in the order of their flags; the module is\n"
               "validated after each. Reads binary or text.\n\n"
               "Passes:\n\n";
  for (const PassRow& row : Passes()) {
    PrintOption(std::string(row.flag) + (*row.argument ? " " : "") + row.argument, row.description);
  }
  std::cout << "Output:\n\n";
  PrintOption("-o, --output FILE", "Write the module to this file; '-' is text to stdout");
  PrintOption("-S, --emit-text", "Write text instead of binary");
  PrintOption("--progress", "Say on stderr which pass runs");
  PrintOption("-h, --help", "Show this and end");
  std::cout << "Exit codes: 0; 1 when an input is not what a pass needs; 2 for a wrong command line.\n";
}

std::vector<option> AllOptions() {
  std::vector<option> options;
  for (const PassRow& row : Passes()) {
    options.push_back({row.flag + 2, *row.argument ? required_argument : no_argument, nullptr, int(options.size())});
  }
  options.insert(options.end(), std::begin(kOwnOptions), std::end(kOwnOptions));
  options.push_back({});
  return options;
}

}  // namespace

CommandLine ParseCommandLine(int argc, char* argv[]) {
  CommandLine result;
  const std::vector<option> options = AllOptions();
  // A colon first: a missing argument is told from an unknown option, and the messages are ours.
  opterr = 0;
  for (int found; (found = getopt_long(argc, argv, ":o:Sh", options.data(), nullptr)) != -1;) {
    switch (found) {
      case 'o':
      case kOutput:
        if (!result.output.empty()) Refuse(std::string("two outputs are given: ") + result.output + " and " + optarg);
        result.output = optarg;
        break;
      case 'S':
      case kEmitText:
        result.text = true;
        break;
      case kProgress:
        result.progress = true;
        break;
      case 'h':
      case kHelp:
        PrintHelp();
        std::exit(0);
      case ':':
        Refuse(std::string("an argument is missing after ") + argv[optind - 1]);
      case '?':
        Refuse(std::string("unknown option ") + argv[optind - 1]);
      default:
        result.passes.push_back({&Passes()[found], optarg ? optarg : ""});
    }
  }
  if (argc - optind > 1) {
    Refuse(std::string("two inputs are given: ") + argv[optind] + " and " + argv[optind + 1]);
  }
  if (optind == argc || *argv[optind] == '\0') Refuse("no input is given");
  result.input = argv[optind];
  if (result.passes.empty() && result.output.empty()) Refuse("neither a pass nor an output is given");
  return result;
}

}  // namespace blockon
