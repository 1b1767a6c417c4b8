// exports.mjs FILE LINKS: what is exported, and whether the links go with it.
import { readFileSync } from "node:fs";

const module = new WebAssembly.Module(readFileSync(process.argv[2]));
const { functions, data } = JSON.parse(readFileSync(process.argv[3], "utf8"));
const names = WebAssembly.Module.exports(module).map(({ name }) => name);
console.log("exports:", names.sort().join(" "));
const is = (place) => (place > 0 ? "" : "no ");
console.log(`PyLong_AsLong has ${is(functions.PyLong_AsLong)}a slot, PyLong_Type ${is(data.PyLong_Type)}an address`);
const slots = Object.values(functions);
console.log("all slots are in the table:", Math.max(...slots) < 20000 && !slots.includes(0));
