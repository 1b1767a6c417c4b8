// imports.mjs FILE MODULE: what a module that V8 takes imports from MODULE, sorted.
import { readFileSync } from "node:fs";

const [file, from] = process.argv.slice(2);
const imports = WebAssembly.Module.imports(new WebAssembly.Module(readFileSync(file)));
const lines = imports.filter(({ module }) => module === from).map(({ name, kind }) => `${name} ${kind}`);
console.log(lines.sort().join("\n"));
