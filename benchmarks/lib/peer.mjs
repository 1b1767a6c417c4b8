// The processes that are measured: each pinned to the clients' processor, started when first asked, and again when it was lost.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { v8Arguments } from "../../runtime/v8_flags.mjs";

const here = (name) => path.join(import.meta.dirname, name);
/**
 * What all have of the environment. A Worker has none of it, and on CPython requests reads all of it, twice a request: who
 * measures from a shell with a hundred variables would have it slower by a third.
 */
const kept = new Set(["HOME", "LANG", "PATH", "TMPDIR"]);
export const commonEnv = Object.fromEntries(Object.entries(process.env).filter(([name]) => kept.has(name)));

/** The processors this process may use. @returns {number[]} */
function processors() {
  const list = /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1] ?? "0";
  return list.split(",").flatMap((range) => {
    const [from, to = from] = range.split("-").map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}
const [serverProcessor, clientProcessor = serverProcessor] = processors();
export const pinning = { server: serverProcessor, clients: clientProcessor };

/** @param {number | string} processor or a list of them */
const pinTo = (processor) => ["taskset", "--cpu-list", String(processor)];
/** What a command begins with, to run on the clients' processor. */
export const pinnedClient = pinTo(clientProcessor);
/** And on the server's. */
export const pinnedServer = pinTo(serverProcessor);
/** To run on all of them: a start is as short as the machine lets it be. */
export const onAllProcessors = pinTo(processors().join(","));

function pinned(processor, command) {
  const [taskset, ...rest] = [...pinTo(processor), ...command];
  const child = spawn(taskset, rest, {
    env: commonEnv,
    stdio: ["pipe", "pipe", "pipe"],
  });
  // One that ended does not read what it is asked.
  child.stdin.on("error", () => {});
  return child;
}

/**
 * @param {{onClients?: boolean}} [where] on the clients' processor, where what is measured is a server itself
 * @returns {Promise<{url: string, close(): void}>}
 */
export async function startServer({ onClients = false } = {}) {
  const child = pinned(onClients ? clientProcessor : serverProcessor, [process.execPath, here("server.mjs")]);
  child.stderr.pipe(process.stderr);
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  return { url: line, close: () => child.stdin.end() };
}

/** @typedef {{us: number, cpuUs: number}} Sample */

export class Peer {
  /** @param {string} name @param {string[]} command */
  constructor(name, command) {
    this.name = name;
    this.command = command;
    this.stderr = "";
    this.child = undefined;
    this.lines = undefined;
  }

  get pid() {
    return this.child?.pid;
  }

  #start() {
    const child = pinned(clientProcessor, this.command);
    this.child = child;
    this.stderr = "";
    child.stderr.on("data", (chunk) => {
      this.stderr = (this.stderr + chunk).slice(-2000);
    });
    child.on("error", () => this.stop());
    this.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /**
   * @param {string} name a case @param {number} n @param {number} timeoutMs
   * @returns {Promise<Sample>} Throws an Error that says what failed.
   */
  async ask(name, n, timeoutMs) {
    if (this.child === undefined) this.#start();
    this.child.stdin.write(`${JSON.stringify({ case: name, n })}\n`);
    const { promise: late, resolve } = Promise.withResolvers();
    const timer = setTimeout(resolve, timeoutMs, "late");
    const next = await Promise.race([this.lines.next(), late]);
    clearTimeout(timer);
    if (next === "late" || next.done) {
      const why = next === "late" ? `no answer within ${timeoutMs / 1000} s` : this.#lastWords();
      this.stop();
      throw new Error(why || "the process ended");
    }
    const answer = JSON.parse(next.value);
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }

  /** The line that names an error, if there is one: Node ends with its version. */
  #lastWords() {
    const lines = this.stderr.trim().split("\n");
    return lines.findLast((line) => /^\S*Error/.test(line)) ?? lines.at(-1);
  }

  stop() {
    this.child?.kill("SIGKILL");
    this.child = undefined;
  }
}

const node = [process.execPath, ...v8Arguments];

/**
 * blockon, in a Worker as ./dev serve runs one.
 * @param {string} url @param {string} program a file of Python; its main() takes what is asked as JSON, and prints the answer
 * @param {string} packages a folder of packages for Pyodide
 */
export const oursPeer = (url, program, packages) =>
  new Peer("ours", [...node, here("peer_ours.mjs"), url, program, packages]);

/**
 * @param {string} name @param {string} python an interpreter @param {string} url @param {string} program as above
 */
export const pythonPeer = (name, python, url, program) =>
  new Peer(name, [python, here("python/cpython.py"), url, program]);
