// The process that makes what later ones need not compile (../snapshots/compiled.ts): has another make what a Worker begins with, runs a Worker, has V8's optimizing compiler take each function
// at its first call, and writes what came of it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { loadAddon, type SnapshotPlace } from "../addon.ts";
import { layout } from "../layout.ts";
import { bundled } from "../own_program.ts";
import { bareWorker } from "../pool/bare_worker.ts";
import type { GuestRequest } from "../pool/exchange.ts";
import { WorkerHost } from "../pool/worker_host.ts";
import { takeV8Flags } from "../process_flags.ts";
import { compiledPlaces, compiledWasm, withoutCompiled } from "../snapshots/compiled.ts";
import { keepCommandVariable } from "../snapshots/kept_command.ts";
import { messageOf } from "../user_error.ts";
import { heapArguments, youngSpace } from "../v8_flags.mjs";

const requests = 30;
const starts = 3;
/** How often the code has to be of the same size, one after another, for V8 to be done, while none of its threads works or waits for a processor. */
const settled = 3;
const intervalMs = 500;
const idleMs = 50;
const mostMs = 60_000;
/** V8's own, which it has to be while it writes: the code is bound to the flags. */
const usualBudget = 13_000_000;

const folder = path.join(layout.runtime, "snapshots", "warm_up");

/** How long this process's threads have run, or waited for a processor that others had. */
function busyMs(): number {
  let nanoseconds = 0;
  for (const thread of readdirSync("/proc/self/task")) {
    try {
      const [ran, waited] = readFileSync(`/proc/self/task/${thread}/schedstat`, "latin1").split(" ").map(Number);
      nanoseconds += (ran ?? 0) + (waited ?? 0);
    } catch {
      // It has ended.
    }
  }
  return nanoseconds / 1e6;
}

async function warmUp(origin: string, ask: (request: GuestRequest) => Promise<{ status: number }>): Promise<void> {
  const headers: [string, string][] = [["content-type", "application/json"]];
  for (let number = 0; number < requests; number++) {
    const isPost = number % 2 === 1;
    const { status } = await ask({
      method: isPost ? "POST" : "GET",
      url: `${origin}/items/${number}?text=value`,
      headers: isPost ? headers : [],
      body: isPost ? new TextEncoder().encode('{"numbers": [1, 2.5, "three"]}') : null,
      client: "",
    });
    if (status !== 200) throw new Error(`the Worker that warms up answered ${status}`);
  }
}

const warmUpHost = (host: WorkerHost): Promise<void> => warmUp("http://worker", (request) => host.fetch(request));

/** What V8 makes of the command's bundle: by a server that is started as users start one, and asked. */
async function makeCommand(): Promise<void> {
  if (bundled().placeOfMain() === undefined) return;
  const program = fileURLToPath(new URL("./main.cjs", import.meta.url));
  const child = spawn(process.execPath, [...heapArguments, youngSpace, program, "serve", folder, "--port", "0"], {
    // It ends with this process, as with its launcher.
    stdio: ["ignore", "ignore", "pipe", "pipe"],
    env: { ...process.env, [keepCommandVariable]: "1", BLOCKON_LAUNCHER_FD: "3" },
    timeout: mostMs,
  });
  const closed = once(child, "close");
  let text = "";
  const listens = new Promise<string | undefined>((resolve) => {
    child.stderr?.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
      const found = / on (http:\/\/[\d.]+:\d+)\s/.exec(text);
      if (found !== null) resolve(found[1]);
    });
    void closed.then(() => resolve(undefined));
  });
  const origin = await listens;
  if (origin !== undefined) {
    await warmUp(origin, async ({ url, ...rest }) => {
      const response = await fetch(url, rest as RequestInit);
      await response.arrayBuffer();
      return response;
    });
    child.kill();
  }
  const [status, signal] = await closed;
  if (status !== 0) throw new Error(text.trim() || `the server that warms up ended with ${signal ?? status}`);
}

/**
 * What Workers begin with, and the SDK that nearly all import, by a process of its own. V8 gives a module's functions their budgets when it compiles the
 * module: once that has run in this process, most of them would never be optimized.
 */
async function makeBytecode(): Promise<void> {
  const program = fileURLToPath(new URL(`./make_bytecode${path.extname(import.meta.url)}`, import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, program], { stdio: ["ignore", "ignore", "pipe", "ipc"] });
  let complaint = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    complaint += text;
  });
  const [status, signal] = await once(child, "close");
  if (status !== 0) throw new Error(complaint.trim() || `the maker of bytecode ended with ${signal ?? status}`);
}

async function make(): Promise<void> {
  takeV8Flags();
  withoutCompiled();
  const { code, scripts } = compiledPlaces();
  const complaints: string[] = [];
  const complain = (text: string): void => {
    complaints.push(text);
  };
  await makeBytecode();
  const newWorker = (saveScripts?: SnapshotPlace): WorkerHost =>
    new WorkerHost({
      name: "warm_up",
      describe: () => bareWorker("warm_up", folder, { features: ["python_workers", "python_run_sync"], saveScripts }),
      onLog: (_level, text) => complain(text),
      onOutput: (_stream, text) => complain(text),
    });
  const worker = newWorker(scripts);
  setFlagsFromString("--wasm-tiering-budget=1");
  await warmUpHost(worker);
  // What ran once was compiled by V8's first compiler, which has it compiled anew in each process: a start's own functions run once a start.
  for (let start = 1; start < starts; start++) {
    const further = newWorker();
    await warmUpHost(further);
    await further.stop();
  }
  setFlagsFromString(`--wasm-tiering-budget=${usualBudget}`);
  const addon = loadAddon();
  const end = performance.now() + mostMs;
  let size = 0;
  for (let same = 0; same < settled && performance.now() < end; ) {
    const begin = busyMs();
    await sleep(intervalMs);
    const isIdle = busyMs() - begin < idleMs;
    const why = addon.saveCode(compiledWasm, code);
    if (why !== null) throw new Error(`${code.file}: ${why}`);
    const before = size;
    ({ size } = statSync(code.file));
    same = isIdle && size === before ? same + 1 : 0;
  }
  // Its thread writes what the scripts came to.
  await worker.stop();
  await makeCommand();
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
