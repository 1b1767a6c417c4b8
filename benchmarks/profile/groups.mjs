// The groups of a profile: what a sample's symbol is a part of. The first rule that fits decides.

/**
 * @typedef {import("./wasm_owners.mjs").OwnerOf} OwnerOf
 * @typedef {{name: string, fits: (symbol: string, library: string) => boolean}} Rule
 */

const WASM_FUNCTION = /^JS:wasm-function\[(\d+)\]-\d+-(\w+)$/;
const OWNERS = { guest: "guest", CPython: "CPython", other: "other wasm modules" };

const inNode = (pattern) => (symbol, library) => library.endsWith("/node") && pattern.test(symbol);
const inLibraries = (pattern) => (symbol, library) => library.startsWith("/") && pattern.test(symbol);

/** @type {Rule[]} */
const RULES = [
  { name: "kernel", fits: (_, library) => /^\[(?!unknown|vdso)/.test(library) },
  { name: "the addon", fits: (_, library) => library.endsWith(".node") },
  { name: "suspension.js", fits: (symbol) => symbol.startsWith("JS:") && symbol.includes("blockon:suspension.js") },
  {
    name: "wrappers of imports and exports",
    fits: (symbol) => /wasm-to-js|js-to-wasm|WasmToJs|JSToWasm/i.test(symbol),
  },
  { name: "JavaScript of the glue and the case", fits: (symbol) => symbol.startsWith("JS:") },
  {
    name: "V8's stack switching",
    fits: inNode(
      /WasmSuspend|WasmResume|WasmReturnPromise|WasmReject|SwitchStack|StackSwitch|jspi|StackMemory|StackPool/,
    ),
  },
  {
    name: "V8's API, as the addon uses it",
    fits: inNode(/CallApi|CallFunctionTemplate|FunctionTemplateData|^v8::(?!\w+::)/),
  },
  { name: "V8's promises, microtasks", fits: inNode(/Promise|Microtask|Await|task_queue|AsyncFunction|Reaction/) },
  { name: "node's event loop", fits: inNode(/^node::|^uv_|^uv__|CallbackScope/) },
  {
    name: "garbage collection, memory",
    fits: inLibraries(
      /Scaveng|Heap|MarkCompact|Marking|Sweep|Evacuat|Space::|Visitor|StackFrameIterator|GlobalHandles|RecordWrite|memset|memmove|memcpy|malloc|free/,
    ),
  },
  { name: "V8's compilers", fits: inNode(/compiler::|turboshaft|Liftoff|Turbofan|WasmFullDecoder|Assembler|Maglev/) },
  { name: "V8, the rest", fits: inNode(/^Builtins_|v8::|^_ZN2v8/) },
];
const REST = "other";

export const GROUPS = [...RULES.map((rule) => rule.name), ...Object.values(OWNERS), REST];

/**
 * The group of a sample, and its symbol as people read it.
 * @param {string} symbol @param {string} library @param {OwnerOf} ownerOf
 */
export function classify(symbol, library, ownerOf) {
  const [, index, tier] = WASM_FUNCTION.exec(symbol) ?? [];
  if (index !== undefined) {
    const { owner, name } = ownerOf(Number(index));
    return { group: OWNERS[owner], symbol: tier === "turbofan" ? name : `${name} (${tier})` };
  }
  const rule = RULES.find((each) => each.fits(symbol, library));
  return { group: rule?.name ?? REST, symbol: symbol.replace(/^JS:[*~^+']*/, "").replace(/file:\S*\//, "") };
}
