// Calls each export of redirects.wat after the pass.
import { readFileSync } from "node:fs";

const imports = { env: { outside: () => 100 } };
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(process.argv[2])), imports);
for (const name of ["original", "caller", "by_table", "calls_outside", "outside_by_table", "stand_in", "untouched"]) {
  console.log(name, exports[name](1));
}
