// The servers of ./dev bench serve, each a process of its own on the server's processor.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { requirementsFor, workerdPackages } from "../lib/packages.mjs";
import { commonEnv, pinnedServer } from "../lib/peer.mjs";
import { helloJs, helloPython, startWorkerd } from "../lib/workerd.mjs";
import { provideWorkerd } from "../lib/workerd_packages.mjs";
import { takeSnapshots } from "../lib/workerd_snapshots.mjs";

/** `stop` ends it, whatever it does. @typedef {{url: string, pid: number, stop(): Promise<void>}} Running */
/** @typedef {(worker: string) => Promise<Running>} Start */

const LAUNCHER = path.join(import.meta.dirname, "../../runtime/launcher.mjs");
const START_MS = 120_000;

/**
 * Starts a command that says where it listens in a line of its output.
 * @param {string[]} [where] what it runs on, as pinnedServer
 * @returns {Promise<Running>}
 */
export async function started(name, command, cwd, pattern, where = pinnedServer) {
  const [program, ...words] = ["setpriv", "--pdeathsig", "TERM", "--", ...where, ...command];
  const child = spawn(program, words, { cwd, env: commonEnv, stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "close");
  const lines = [];
  const url = new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        if (lines.length < 50) lines.push(line);
        const found = pattern.exec(line);
        if (found !== null) resolve(found[1]);
      });
    }
  });
  const { promise: late, resolve: giveUp } = Promise.withResolvers();
  const timer = setTimeout(giveUp, START_MS, undefined);
  const first = await Promise.race([url, late, ended.then(() => undefined)]);
  clearTimeout(timer);
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
  };
  if (first === undefined) {
    await stop();
    throw new Error(`${name} did not start: ${lines.at(-1) ?? "without a word"}`);
  }
  return { url: first, pid: /** @type {number} */ (child.pid), stop };
}

/** `blockon serve`, as a user starts it. @type {Start} */
export async function startOurs(worker) {
  const folder = mkdtempSync(path.join(tmpdir(), "blockon-bench-"));
  cpSync(path.join(import.meta.dirname, "workers", worker), folder, { recursive: true });
  if (worker !== "hello") writeFileSync(path.join(folder, "requirements.txt"), requirementsFor("serve"));
  const command = [process.execPath, LAUNCHER, "serve", folder, "--port", "0", "--log-format", "json"];
  try {
    const { stop, ...running } = await started("blockon", command, folder, / on (http:\/\/[\d.:]+)/);
    return {
      ...running,
      async stop() {
        await stop();
        rmSync(folder, { recursive: true });
      },
    };
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  }
}

/** uvicorn with uvloop and httptools, one process. @param {string} python with both @returns {Start} */
export function uvicornStarter(python) {
  return (worker) => {
    const [folder, app] = worker === "hello" ? ["uvicorn", "hello:app"] : [`workers/${worker}`, "app:app"];
    const words = ["-m", "uvicorn", app, "--port", "0", "--loop", "uvloop", "--http", "httptools", "--no-access-log"];
    return started("uvicorn", [python, ...words], path.join(import.meta.dirname, folder), / on (http:\/\/[\d.:]+)/);
  };
}

/**
 * Cloudflare's workerd with the same hello: from a dedicated snapshot, and in JavaScript.
 * @returns {Promise<Record<"workerd_python" | "workerd_js", Start> & {close(): void}>} Throws an Error where it is not to be had.
 */
export async function workerdStarters() {
  const workerd = await provideWorkerd();
  const packages = await workerdPackages();
  const folder = mkdtempSync(path.join(tmpdir(), "blockon-bench-"));
  const { dedicated } = await takeSnapshots(workerd, (flags) => helloPython(packages, flags), folder);
  return {
    workerd_python: () => startWorkerd(workerd, dedicated.worker, { pinned: pinnedServer, options: dedicated.options }),
    workerd_js: () => startWorkerd(workerd, helloJs(), { pinned: pinnedServer }),
    close: () => rmSync(folder, { recursive: true }),
  };
}
