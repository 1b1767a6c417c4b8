#include "jspi/passes/module_io.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "jspi/passes/pass_error.h"
#include "parsing.h"
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

}  // namespace

std::unique_ptr<wasm::Module> ReadModule(const std::string& path) {
  // Binaryen's reader ends the process when it cannot open a file; ask first, and say it our way.
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error) || !std::ifstream(path)) {
    throw PassError(path + ": there is no such file, or it cannot be read");
  }
  auto module = std::make_unique<wasm::Module>();
  module->features = wasm::FeatureSet::MVP;
  for (wasm::FeatureSet::Feature feature : kFeatures) module->features.enable(feature);
  try {
    wasm::ModuleReader().read(path, *module);
  } catch (wasm::ParseException& parse) {
    std::ostringstream text;
    parse.dump(text);
    throw PassError(path + ": this is not a WebAssembly module: " + text.str());
  }
  if (!wasm::WasmValidator().validate(*module)) throw PassError(path + ": the module is not valid");
  return module;
}

void WriteModule(wasm::Module& module, const std::string& path, bool text) {
  if (path == "-") {
    wasm::PassOptions options;
    wasm::ModuleWriter writer(options);
    writer.setBinary(false);
    writer.write(module, "");
    return;
  }
  const std::string temporary = path + "." + std::to_string(getpid()) + ".tmp";
  if (!std::ofstream(temporary)) throw PassError(path + ": cannot write there");
  wasm::PassOptions options;
  wasm::ModuleWriter writer(options);
  writer.setBinary(!text);
  writer.setDebugInfo(text);
  writer.write(module, temporary);
  std::error_code error;
  std::filesystem::rename(temporary, path, error);
  if (error) {
    std::remove(temporary.c_str());
    throw PassError(path + ": cannot write it: " + error.message());
  }
}

}  // namespace blockon
