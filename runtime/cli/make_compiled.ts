// The process that makes what later ones need not compile (../snapshots/compiled.ts): runs a Worker, has V8's optimizing compiler take each function
// at its first call, and writes what came of it.
import { statSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { loadAddon } from "../addon.ts";
import { layout, pyodideVersion } from "../layout.ts";
import { bareWorker } from "../pool/bare_worker.ts";
import { WorkerHost } from "../pool/worker_host.ts";
import { compiledPlaces, compiledWasm, withoutCompiled } from "../snapshots/compiled.ts";
import { messageOf } from "../user_error.ts";
import { compilePackages } from "./compile_packages.ts";

const requests = 30;
/** How often the code has to be of the same size, one after another, for V8 to be done. */
const settled = 3;
const intervalMs = 500;
const mostMs = 120_000;
/** V8's own, which it has to be while it writes: the code is bound to the flags. */
const usualBudget = 13_000_000;

const folder = path.join(layout.runtime, "snapshots", "warm_up");

async function warmUp(worker: WorkerHost): Promise<void> {
  const headers: [string, string][] = [["content-type", "application/json"]];
  for (let number = 0; number < requests; number++) {
    const isPost = number % 2 === 1;
    const response = await worker.fetch({
      method: isPost ? "POST" : "GET",
      url: `http://worker/items/${number}?text=value`,
      headers: isPost ? headers : [],
      body: isPost ? new TextEncoder().encode('{"numbers": [1, 2.5, "three"]}') : null,
      client: "",
    });
    if (response.status !== 200) throw new Error(`the Worker that warms up answered ${response.status}`);
  }
}

async function make(): Promise<void> {
  withoutCompiled();
  const { code, scripts } = compiledPlaces();
  const complaints: string[] = [];
  const complain = (text: string): void => {
    complaints.push(text);
  };
  // Cloudflare's SDK, which nearly all Workers import.
  await compilePackages(layout.sdk, { version: pyodideVersion }, { info: () => {}, warn: complain });
  const worker = new WorkerHost({
    name: "warm_up",
    describe: () =>
      bareWorker("warm_up", folder, { features: ["python_workers", "python_run_sync"], saveScripts: scripts }),
    onLog: (_level, text) => complain(text),
    onOutput: (_stream, text) => complain(text),
  });
  setFlagsFromString("--wasm-tiering-budget=1");
  await warmUp(worker);
  setFlagsFromString(`--wasm-tiering-budget=${usualBudget}`);
  const addon = loadAddon();
  const end = performance.now() + mostMs;
  let size = 0;
  for (let same = 0; same < settled && performance.now() < end; ) {
    await sleep(intervalMs);
    const why = addon.saveCode(compiledWasm, code);
    if (why !== null) throw new Error(`${code.file}: ${why}`);
    const before = size;
    ({ size } = statSync(code.file));
    same = size === before ? same + 1 : 0;
  }
  // Its thread writes what the scripts came to.
  await worker.stop();
  if (complaints.length > 0) throw new Error(complaints.join("\n"));
}

// Who started it has gone, and with it the lock.
process.once("disconnect", () => process.exit(1));
let status = 0;
try {
  await make();
} catch (error) {
  status = 1;
  if (process.send === undefined) process.stderr.write(`${messageOf(error)}\n`);
  else await new Promise((resolve) => process.send?.(messageOf(error), resolve));
}
process.exit(status);
