// A control: Pyodide in Node's own realm, as embedders have it.
import { readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";

const { control, program, jsons } = workerData;
const { loadPyodide } = await import(control === "open" ? "../../../runtime/index.ts" : "pyodide");
const pyodide = await loadPyodide();
pyodide.setStdout({ batched: (line) => parentPort?.postMessage(`${line}\n`) });
if (control === "mounted") pyodide.mountNodeFS("/host", "/");
pyodide.FS.writeFile("/home/pyodide/run_attempt.py", readFileSync(program, "utf8"));
for (const json of jsons) {
  pyodide.globals.set("given", json);
  await pyodide.runPythonAsync("import run_attempt; run_attempt.main(given)");
}
