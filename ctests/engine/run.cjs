// Runs the engine's tests in this Node: run.cjs BUILD_FOLDER [GoogleTest's flags]. Needs Node's --expose-gc.
const { readFileSync } = require("node:fs");
const path = require("node:path");
const vm = require("node:vm");

const [folder, ...flags] = process.argv.slice(2);
const { run } = require(path.join(folder, "blockon_engine_tests.node"));

const helpers = {
  newRealm: () => vm.createContext(vm.constants.DONT_CONTEXTIFY, { codeGeneration: { strings: false, wasm: true } }),
  readFile: (name) => readFileSync(path.join(folder, name)),
  require: (file) => require(path.join(folder, file)),
};

// From the event loop, so that no other JavaScript stands on the stack and microtasks can be drained. A rejection that
// a test did not handle, or an exception, ends the process with a code of Node's own.
setImmediate(() => {
  process.exitCode = run(flags, helpers);
});
