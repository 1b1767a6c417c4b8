// Many deployed Workers in one server, each called at random: how many calls were answered, how long those took that met a Worker without an
// isolate, and the others, the most memory that the server had, and what its metrics say of isolates. Each answer is compared. By hand:
//   node benchmarks/start/many.mjs WORKERS CALLS [options of blockon serve ...]
// prints that as JSON.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { treePrivateKib } from "../lib/process_tree.mjs";
import { quantileOf } from "../lib/report.mjs";

const SEED = 2463534242;
/** Between calls: isolates are made ready meanwhile. */
const PAUSE_MS = 60;

/** @param {number} count @returns {string} the folder of their deployments */
function deploy(count) {
  const root = mkdtempSync(path.join(os.tmpdir(), "blockon-many-"));
  const deployed = new Date().toISOString();
  for (let index = 0; index < count; index++) {
    const name = `w${index}`;
    const folder = path.join(root, name, "1");
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      path.join(folder, "wrangler.toml"),
      `name = "${name}"
main = "entry.py"
compatibility_date = "2026-10-01"
compatibility_flags = ["python_workers", "python_run_sync"]
routes = ["${name}.example/*"]
`,
    );
    writeFileSync(
      path.join(folder, "entry.py"),
      `from workers import Response, WorkerEntrypoint

asked = 0

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        global asked
        asked += 1
        return Response(f"${name} {asked}")
`,
    );
    const versions = [{ version: 1, deployed }];
    writeFileSync(path.join(root, name, "versions.json"), JSON.stringify({ since: deployed, current: 1, versions }));
  }
  writeFileSync(path.join(root, ".blockon-deployments"), "");
  return root;
}

class Server {
  #child;
  #ended;
  #log = "";

  /** @param {readonly string[]} command Up to `serve`. @param {readonly string[]} words */
  constructor([program, ...before], words, env) {
    const options = ["--port", "0", "--metrics-port", "0", "--log-format", "json"];
    this.#child = spawn(program, [...before, "serve", ...options, ...words], {
      stdio: ["ignore", "ignore", "pipe"],
      env,
    });
    this.#child.stderr.setEncoding("utf8").on("data", (text) => {
      this.#log += text;
    });
    this.#ended = once(this.#child, "exit");
  }

  get pid() {
    return this.#child.pid;
  }

  /** What it says. @param {RegExp} pattern */
  async said(pattern) {
    for (;;) {
      const match = pattern.exec(this.#log);
      if (match !== null) return match[1];
      if (this.#child.exitCode !== null) throw new Error(`the server ended: ${this.#log.slice(-2000)}`);
      await sleep(50);
    }
  }

  /** Lines of the log that are a warning, or an error. */
  get complaints() {
    return this.#log.split("\n").filter((line) => /"level":"(?:warn|error)"/.test(line));
  }

  async stop() {
    this.#child.kill("SIGTERM");
    await this.#ended;
  }
}

/** @param {http.Agent} agent @param {number} port @param {string} host */
async function get(agent, port, host, target = "/") {
  const request = http.get({ port, path: target, agent, headers: { host } });
  const [response] = await once(request, "response");
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk;
  return { status: response.statusCode, text };
}

/** Xorshift: the same order each time. */
function randomNumbers() {
  let state = SEED;
  /** @param {number} below */
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/**
 * `failed`: the first calls that were not answered as they should, and how; `mostMib`: of memory that is the server's own.
 * @typedef {{workers: number, calls: number, failed: string[], complaints: string[], listensMs: number, coldMs: number[], warmMs: number[],
 *   mostMib: number, isolates: Record<string, number>}} Called
 */

/**
 * @param {readonly string[]} command What starts blockon. @param {number} workers @param {number} calls
 * @param {readonly string[]} options Of blockon serve. @param {NodeJS.ProcessEnv} [env]
 * @param {(call: number) => void} [onCall]
 * @returns {Promise<Called>}
 */
export async function callMany(command, workers, calls, options, env = process.env, onCall = () => {}) {
  const root = deploy(workers);
  const begin = performance.now();
  const server = new Server(command, ["--deployments", root, ...options], env);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const port = Number(await server.said(/ on http:\/\/[\d.]+:(\d+)/));
    const metricsPort = Number(await server.said(/metrics are at http:\/\/[\d.]+:(\d+)/));
    const listensMs = performance.now() - begin;
    const random = randomNumbers();
    const coldMs = [];
    const warmMs = [];
    const failed = [];
    let mostMib = 0;
    for (let call = 0; call < calls; call++) {
      onCall(call);
      const name = `w${random(workers)}`;
      const sent = performance.now();
      const { status, text } = await get(agent, port, `${name}.example`);
      const ms = performance.now() - sent;
      const [, asked] = new RegExp(`^${name} (\\d+)$`).exec(text) ?? [];
      if (status !== 200 || asked === undefined) failed.push(`${name}: ${status} ${text}`);
      else (asked === "1" ? coldMs : warmMs).push(ms);
      mostMib = Math.max(mostMib, treePrivateKib(server.pid) / 1024);
      await sleep(PAUSE_MS);
    }
    const { text: metrics } = await get(agent, metricsPort, "localhost", "/metrics");
    const isolates = Object.fromEntries(
      [...metrics.matchAll(/^blockon_isolate(?:s?)_(\w+) (\d+)$/gm)].map(([, name, value]) => [name, Number(value)]),
    );
    const { complaints } = server;
    return { workers, calls, failed, complaints, listensMs, coldMs, warmMs, mostMib, isolates };
  } finally {
    agent.destroy();
    await server.stop();
    rmSync(root, { recursive: true, force: true });
  }
}

/** @param {number[]} values */
const summary = (values) => ({
  count: values.length,
  p50: quantileOf(values, 0.5),
  p90: quantileOf(values, 0.9),
  p99: quantileOf(values, 0.99),
  max: quantileOf(values, 1),
});

if (import.meta.main) {
  const [workers = "1000", calls = "3000", ...options] = process.argv.slice(2);
  const launcher = path.join(import.meta.dirname, "..", "..", "runtime", "launcher.mjs");
  const { failed, complaints, coldMs, warmMs, ...rest } = await callMany(
    [process.execPath, launcher],
    Number(workers),
    Number(calls),
    options,
  );
  const sorted = { ...rest, cold: summary(coldMs), warm: summary(warmMs) };
  const first = { failed: failed.slice(0, 5), complaints: complaints.slice(0, 5) };
  process.stdout.write(`${JSON.stringify({ ...sorted, answered: Number(calls) - failed.length, ...first })}\n`);
  process.exitCode = failed.length > 0 ? 1 : 0;
}
