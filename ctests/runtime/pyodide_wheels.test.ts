// Pyodide's own wheels, where there are some: those of its full distribution, in the folder that BLOCKON_PYODIDE_WHEELS names.
import assert from "node:assert/strict";
import { copyFileSync, existsSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { packageRoot } from "../../runtime/layout.ts";
import { currentTarget } from "../../runtime/packages/target.ts";
import { ServeProcess } from "./lib/serve_process.ts";
import { workerFolder } from "./lib/worker_folder.ts";

const wheels = process.env.BLOCKON_PYODIDE_WHEELS ?? "";
const numpy = currentTarget().locked.get("numpy")?.file_name ?? "";

/** Why the test cannot run; false where it can. */
function missing(): string | false {
  if (wheels === "") return `NOT RUN: no wheels of Pyodide's: name the folder with ${numpy} by BLOCKON_PYODIDE_WHEELS`;
  return existsSync(path.join(wheels, numpy)) ? false : `NOT RUN: there is no ${numpy} in ${wheels}`;
}

describe("Pyodide's own wheels", () => {
  const skip = missing();
  // In the output of each reporter, also those that say nothing of what was skipped.
  if (skip !== false) process.stderr.write(`${skip}\n`);

  it("have numpy, which a Worker computes with", { skip }, async () => {
    const folder = workerFolder("");
    for (const name of ["wrangler.toml", "entry.py", "requirements.txt"]) {
      copyFileSync(path.join(packageRoot, "examples/numpy", name), path.join(folder.path, name));
    }
    const server = await ServeProcess.start(folder.path, undefined, undefined, "--wheels", wheels);
    try {
      assert.match(await (await fetch(server.url)).text(), /^numpy \d.*: x = 1\.000, y = 3\.000\n$/);
    } finally {
      assert.equal(await server.stop(), 0);
      folder.remove();
    }
  });
});
