// BLOCKON_TRACE=fibers: each transition of each fiber on stderr.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { it } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { packageRoot } from "../../runtime/layout.ts";

const run = promisify(execFile);

const program = `
import { loadPyodide } from ${JSON.stringify(pathToFileURL(path.join(packageRoot, "runtime/index.ts")).href)};
const pyodide = await loadPyodide();
const wait = pyodide.runPython("from pyodide.ffi import run_sync; run_sync");
await wait.callPromising(new Promise((resolve) => setTimeout(resolve, 1)));
`;

async function traced(trace: string): Promise<string[]> {
  const { stderr } = await run(process.execPath, ["--input-type=module", "--eval", program], {
    env: { ...process.env, BLOCKON_TRACE: trace },
  });
  return stderr.split("\n").filter((line) => line.startsWith("blockon: fiber"));
}

it("BLOCKON_TRACE=fibers prints every transition", async () => {
  const life = ["Fresh", "Running", "Suspended", "Resuming", "Running", "Done"];
  const lines = life.slice(1).map((to, step) => `blockon: fiber 1 ${life[step]} -> ${to}`);
  assert.deepEqual(await traced("fibers"), lines);
  assert.deepEqual(await traced("bridge"), []);
});
