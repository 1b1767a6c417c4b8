#include "jspi/passes/module_io.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "jspi/passes/pass_error.h"
#include "parser/wat-parser.h"
#include "parsing.h"
#include "wasm-binary.h"
#include "wasm-io.h"
#include "wasm-validator.h"

namespace blockon {
namespace {

constexpr wasm::FeatureSet::Feature kFeatures[] = {
    wasm::FeatureSet::MutableGlobals, wasm::FeatureSet::TruncSat,      wasm::FeatureSet::SignExt,
    wasm::FeatureSet::BulkMemory,     wasm::FeatureSet::BulkMemoryOpt, wasm::FeatureSet::ExceptionHandling,
    wasm::FeatureSet::ReferenceTypes, wasm::FeatureSet::Multivalue,    wasm::FeatureSet::CallIndirectOverlong,
    wasm::FeatureSet::ExtendedConst,
};

// Not by Binaryen's reader of files, which ends the process when the text is malformed.
void ReadText(const std::string& path, wasm::Module& module) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  auto parsed = wasm::WATParser::parseModule(module, text.str(), path);
  if (auto* error = parsed.getErr()) throw PassError(error->msg);
}

std::string Encode(wasm::Module& module, bool text) {
  std::ostringstream out;
  if (text) {
    out << module;
    return out.str();
  }
  wasm::BufferWithRandomAccess buffer;
  wasm::WasmBinaryWriter writer(&module, buffer, wasm::PassOptions{});
  writer.setNamesSection(false);
  writer.write();
  return {buffer.begin(), buffer.end()};
}

}  // namespace

std::unique_ptr<wasm::Module> ReadModule(const std::string& path) {
  // Binaryen's reader ends the process when it cannot open a file; ask first, and say it our way.
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error) || !std::ifstream(path)) {
    throw PassError(path + ": there is no such file, or it cannot be read");
  }
  if (std::filesystem::is_empty(path, error)) throw PassError(path + ": the file is empty");
  auto module = std::make_unique<wasm::Module>();
  module->features = wasm::FeatureSet::MVP;
  for (wasm::FeatureSet::Feature feature : kFeatures) module->features.enable(feature);
  wasm::ModuleReader reader;
  if (!reader.isBinaryFile(path)) {
    ReadText(path, *module);
  } else {
    try {
      reader.readBinary(path, *module);
    } catch (wasm::ParseException& parse) {
      std::ostringstream text;
      parse.dump(text);
      throw PassError(path + ": this is not a WebAssembly module: " + text.str());
    }
  }
  if (!wasm::WasmValidator().validate(*module)) throw PassError(path + ": the module is not valid");
  return module;
}

void WriteModule(wasm::Module& module, const std::string& path, bool text) {
  if (path == "-") {
    std::cout << Encode(module, true) << std::flush;
    if (!std::cout) throw PassError("stdout: cannot write all of the module there");
    return;
  }
  const std::string content = Encode(module, text);
  const std::string temporary = path + "." + std::to_string(getpid()) + ".tmp";
  std::ofstream file(temporary, std::ios::binary);
  if (!file) throw PassError(path + ": cannot write there");
  file << content << std::flush;
  file.close();
  std::error_code error;
  if (file) {
    std::filesystem::rename(temporary, path, error);
  } else {
    error = std::error_code(errno, std::generic_category());
  }
  if (error) {
    std::remove(temporary.c_str());
    throw PassError(path + ": cannot write it: " + error.message());
  }
}

}  // namespace blockon
