// A workerd that serves one Worker: started, asked, measured and stopped.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { configText, jsWorker, pythonWorker } from "./workerd_config.mjs";

const hello = (name) => path.join(import.meta.dirname, "workerd_hello", name);
export const helloJs = () => jsWorker(hello("hello.js"));
/** @param {string} packages Cloudflare's SDK: workerdPackages() @param {string[]} [flags] */
export const helloPython = (packages, flags) => pythonWorker([hello("hello.py")], packages, flags);

/** The process, which is there from the beginning, and its port, which is known once it listens. */
export class RunningWorkerd {
  #child;
  #folder;
  #stderr = "";
  /** By thread. @type {Map<string, number>} */
  #nanoseconds = new Map();
  url = "";

  constructor(child, folder) {
    this.#child = child;
    this.#folder = folder;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        this.#stderr = (this.#stderr + chunk).slice(-8000);
      });
    }
    /** Resolves with how it ended. @type {Promise<string>} */
    this.ended = new Promise((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("close", (code, signal) => resolve(`it ended with ${signal ?? code}`));
    });
  }

  /** @returns {number} */
  get pid() {
    return this.#child.pid;
  }

  get isAlive() {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Resolves when it listens; workerd tells the port on a pipe of its own. */
  async listening() {
    const lines = createInterface({ input: this.#child.stdio[3] });
    const first = await Promise.race([once(lines, "line"), this.ended]);
    if (typeof first === "string") throw new Error(`workerd: ${this.lastWords() || first}`);
    this.url = `http://127.0.0.1:${JSON.parse(first[0]).port}`;
  }

  /** What it wrote last: an uncaught exception's line, if there is one. */
  lastWords() {
    const lines = this.#stderr.trim().split("\n");
    return lines.findLast((line) => /error|exception/i.test(line)) ?? lines.at(-1) ?? "";
  }

  /** Microseconds of processor time: of each thread, what it had when it was seen last, since some end. */
  cpuUs() {
    const tasks = `/proc/${this.#child.pid}/task`;
    for (const thread of readdirSync(tasks)) {
      try {
        this.#nanoseconds.set(thread, Number(readFileSync(`${tasks}/${thread}/schedstat`, "latin1").split(" ")[0]));
      } catch (error) {
        // It ended meanwhile.
        if (error.code !== "ENOENT" && error.code !== "ESRCH") throw error;
      }
    }
    return this.#nanoseconds.values().reduce((sum, each) => sum + each, 0) / 1000;
  }

  async stop() {
    this.#child.kill("SIGKILL");
    await this.ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/**
 * Starts workerd; it dies with this process.
 * @param {import("./workerd_packages.mjs").Workerd} workerd @param {import("./workerd_config.mjs").Worker} worker
 * @param {{pinned?: string[], options?: string[]}} [how] `pinned`: a command to run it by; `options`: more of `workerd serve`
 * @returns {Promise<RunningWorkerd>} when it listens; throws an Error with what it wrote
 */
export async function startWorkerd({ program, bundles }, worker, { pinned = [], options = [] } = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), "blockon-workerd-"));
  const config = path.join(folder, "config.capnp");
  writeFileSync(config, configText(worker));
  const serve = ["serve", config, "--experimental", "--import-path=/", "--control-fd=3"];
  const command = [...pinned, program, ...serve, `--pyodide-bundle-disk-cache-dir=${bundles}`, ...options];
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", ...command], {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  const running = new RunningWorkerd(child, folder);
  try {
    await running.listening();
  } catch (error) {
    await running.stop();
    throw error;
  }
  return running;
}

/** The request was answered, but not with 200: workerd goes on. */
export class BadStatusError extends Error {}

/**
 * A request on a connection of its own.
 * @param {string} url @param {{body?: string, timeoutMs?: number, onFirstByte?: () => void}} [how]
 * @returns {Promise<string>} the answer's body; throws a BadStatusError where the status is not 200
 */
export async function askWorkerd(url, { body, timeoutMs = 60_000, onFirstByte } = {}) {
  const signal = AbortSignal.timeout(timeoutMs);
  const request = http.request(url, { agent: false, method: body === undefined ? "GET" : "POST", signal });
  request.end(body);
  try {
    const [response] = await once(request, "response");
    onFirstByte?.();
    let text = "";
    for await (const chunk of response.setEncoding("utf8")) text += chunk;
    if (response.statusCode !== 200) {
      throw new BadStatusError(`workerd answered ${response.statusCode}, ${text.slice(0, 200)}`);
    }
    return text;
  } catch (error) {
    throw signal.aborted ? new Error(`no answer within ${timeoutMs / 1000} s`, { cause: error }) : error;
  }
}

/**
 * From the start of a process to the first byte of its first answer.
 * @param {() => Promise<RunningWorkerd>} start
 * @returns {Promise<{ms: number, cpuUs: number, answer: string}>} `cpuUs` is the process's, all threads'
 */
export async function startToFirstByte(start) {
  const begin = performance.now();
  const running = await start();
  try {
    let ms = 0;
    let cpuUs = 0;
    const answer = await askWorkerd(running.url, {
      timeoutMs: 300_000,
      onFirstByte: () => {
        ms = performance.now() - begin;
        cpuUs = running.cpuUs();
      },
    });
    return { ms, cpuUs, answer };
  } finally {
    await running.stop();
  }
}
