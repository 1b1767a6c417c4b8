// What a wasm function is, of which a profile knows the index alone: CPython's, the guest's, or one of another module.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { layout } from "../../runtime/layout.ts";
import { wasmFunctions } from "./wasm_functions.mjs";

const GUEST = path.join(import.meta.dirname, "../../build/release/guest.wasm");
const WASM = "pyodide.asm.wasm";
const STOCK = path.dirname(createRequire(import.meta.url).resolve("pyodide"));

/** @typedef {(index: number) => {owner: "guest" | "CPython" | "other", name: string}} OwnerOf */

const read = (...parts) => wasmFunctions(readFileSync(path.join(...parts)));

/** Imports have no code: an index that is one's belongs to some smaller module. @returns {OwnerOf} */
function ownersIn({ imported, names }) {
  return (index) => ({ owner: index < imported ? "other" : "CPython", name: names.get(index) ?? `function ${index}` });
}

/** The guest's functions stand behind all others, in the order of its own module. @returns {OwnerOf} */
function ownersInMerged(merged, guest) {
  const indices = new Map([...merged.names].map(([index, name]) => [name, index]));
  const [index, name] = [...guest.names].find(([, each]) => each.startsWith("blockon_") && indices.has(each));
  const shift = indices.get(name) - index;
  const ownerOf = ownersIn(merged);
  return (index) => {
    if (index < shift + guest.imported) return ownerOf(index);
    return { owner: "guest", name: guest.names.get(index - shift) ?? ownerOf(index).name };
  };
}

/** @returns {Record<string, OwnerOf>} by side; a side that is not an interpreter has other modules only */
export function wasmOwners() {
  const other = (index) => ({ owner: "other", name: `function ${index}` });
  return {
    ours: ownersInMerged(read(layout.distribution, WASM), read(GUEST)),
    stock: ownersIn(read(STOCK, WASM)),
    js: other,
    jspi: other,
  };
}
