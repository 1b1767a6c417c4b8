// What a wasm file imports and exports.
import { readFileSync } from "node:fs";

/** @param {string} file @returns {{imports: {module: string, name: string}[], exports: {name: string, kind: string}[]}} */
export function wasmNames(file) {
  const module = new WebAssembly.Module(readFileSync(file));
  return { imports: WebAssembly.Module.imports(module), exports: WebAssembly.Module.exports(module) };
}
