// What workerd asks of Pyodide's glue, pyodide.asm.mjs, beyond what Pyodide publishes: workerd compiles wasm, keeps time and
// gives random numbers by functions of its own, which its module `pyodide-internal:builtin_wrappers` has and the glue has to import.
//
// The texts are those of Pyodide 314.0.6's glue, and of workerd 1.20261117.1's names for what stands in their place.

const WRAPPERS = [
  "addEventListener",
  "getRandomValues",
  "location",
  "monotonicDateNow",
  "newWasmModule",
  "patchedLoadLibData",
  "wasmInstantiate",
];

/** In place of `eval`, which no Worker may call; one that stays, though never called, would cost the glue V8's optimizations. */
const NO_EVAL = `(() => { throw new EvalError("the glue of Pyodide called eval, which workerd does not permit"); })()`;

/**
 * @typedef {object} Replacement
 * @property {string} text @property {string} by
 * @property {number} times how often the text is there
 * @property {string} why
 */

/** @type {Replacement[]} */
export const REPLACEMENTS = [
  {
    text: "new WebAssembly.Module(",
    by: "newWasmModule(",
    times: 4,
    why: "workerd compiles wasm for nobody but its own functions",
  },
  { text: "WebAssembly.instantiate(", by: "wasmInstantiate(", times: 2, why: "the same, for bytes" },
  {
    text: "Date.now",
    by: "monotonicDateNow",
    times: 22,
    why: "workerd's clock stands still between events; files that change would look as if they had not",
  },
  {
    text: "crypto.getRandomValues(",
    by: "getRandomValues(Module,",
    times: 1,
    why: "there is no entropy before the first request; until then workerd gives fixed numbers",
  },
  { text: "eval(func)", by: NO_EVAL, times: 2, why: "EM_JS and EM_ASM of side modules; see NO_EVAL" },
  { text: "eval(data)", by: NO_EVAL, times: 1, why: "scripts from a network; see NO_EVAL" },
  { text: "eval(UTF8ToString(ptr))", by: NO_EVAL, times: 3, why: "emscripten_run_script; see NO_EVAL" },
  {
    text: "function loadLibData(){",
    by:
      "function loadLibData(){var found=patchedLoadLibData(Module,libName,flags.rpath);" +
      "return flags.loadAsync?Promise.resolve(found):found}function loadLibDataOfEmscripten(){",
    times: 1,
    why: "side modules are compiled from workerd's own read-only files",
  },
  {
    text: "getMemory(",
    by: "Module.getMemoryPatched(Module,libName,",
    times: 1,
    why: "a side module has to come to lie where it lay when the snapshot was taken",
  },
  {
    text: "export default _createPyodideModule;",
    by:
      `import{${WRAPPERS}}from"pyodide-internal:builtin_wrappers";` +
      "export default _createPyodideModule;export{_createPyodideModule};",
    times: 1,
    why: "the functions above come from there, and workerd imports the glue's by its name",
  },
];

/**
 * The glue as workerd takes it.
 * @param {string} glue @param {Replacement[]} [replacements]
 * @returns {string} Throws an Error where a text is not there as often as it should be: this is another Pyodide's glue.
 */
export function patchGlue(glue, replacements = REPLACEMENTS) {
  let patched = glue;
  for (const { text, by, times } of replacements) {
    const parts = patched.split(text);
    if (parts.length - 1 !== times) {
      throw new Error(
        `pyodide.asm.mjs has "${text}" ${parts.length - 1} times instead of ${times}: benchmarks/lib/workerd_glue.mjs is for the ` +
          "glue of another Pyodide than benchmarks/package.json pins",
      );
    }
    patched = parts.join(by);
  }
  return patched;
}
