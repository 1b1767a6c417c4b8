// Many deployed Workers in one server, each called at random, by hand:
//   node benchmarks/start/many.mjs WORKERS CALLS [options of blockon serve ...]
// prints how many calls were answered, how long those took that met a Worker without an isolate and the others (median, 99th percentile, in
// ms), the most memory that the server had, and what its metrics say of isolates, as JSON. Each answer is compared.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { quantileOf } from "../lib/report.mjs";

const [workersText = "1000", callsText = "3000", ...options] = process.argv.slice(2);
const WORKERS = Number(workersText);
const CALLS = Number(callsText);
const SEED = 2463534242;
/** Between calls: isolates are made ready meanwhile. */
const PAUSE_MS = 60;

const launcher = path.join(import.meta.dirname, "..", "..", "runtime", "launcher.mjs");
const root = mkdtempSync(path.join(os.tmpdir(), "blockon-many-"));
const deployed = new Date().toISOString();

for (let index = 0; index < WORKERS; index++) {
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

const server = spawn(
  process.execPath,
  [launcher, "serve", "--deployments", root, "--port", "0", "--metrics-port", "0", "--log-format", "json", ...options],
  { stdio: ["ignore", "ignore", "pipe"] },
);
let log = "";
server.stderr.setEncoding("utf8").on("data", (text) => {
  log += text;
});

/** @param {RegExp} pattern */
async function logged(pattern) {
  for (;;) {
    const match = pattern.exec(log);
    if (match !== null) return match[1];
    if (server.exitCode !== null) throw new Error(log.slice(-2000));
    await sleep(50);
  }
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

/** @param {number} port @param {string} host @param {string} target */
async function get(port, host, target = "/") {
  const request = http.get({ port, path: target, agent, headers: { host } });
  const [response] = await once(request, "response");
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk;
  return { status: response.statusCode, text };
}

/** MiB of the server's own, and of the launcher's child alone. @param {number} pid */
const privateMib = (pid) =>
  Number(/^RssAnon:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1]) / 1024;

/** @param {number[]} values */
const summary = (values) => ({
  count: values.length,
  p50: quantileOf(values, 0.5),
  p90: quantileOf(values, 0.9),
  p99: quantileOf(values, 0.99),
  max: quantileOf(values, 1),
});

const begin = performance.now();
const port = Number(await logged(/ on http:\/\/[\d.]+:(\d+)/));
const metricsPort = Number(await logged(/metrics are at http:\/\/[\d.]+:(\d+)/));
const listensMs = performance.now() - begin;
const children = readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, "latin1").trim().split(" ");
const pid = Number(children[0]);

let state = SEED;
/** Xorshift: the same order each time. @param {number} below */
function random(below) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
}

const cold = [];
const warm = [];
let mostMib = 0;
let failed = 0;
for (let call = 0; call < CALLS; call++) {
  const name = `w${random(WORKERS)}`;
  const sent = performance.now();
  const { status, text } = await get(port, `${name}.example`);
  const ms = performance.now() - sent;
  const [, asked] = new RegExp(`^${name} (\\d+)$`).exec(text) ?? [];
  if (status !== 200 || asked === undefined) failed++;
  else (asked === "1" ? cold : warm).push(ms);
  mostMib = Math.max(mostMib, privateMib(pid));
  await sleep(PAUSE_MS);
}
const { text: metrics } = await get(metricsPort, "localhost", "/metrics");
const isolates = Object.fromEntries(
  [...metrics.matchAll(/^blockon_isolate(?:s?)_(\w+) (\d+)$/gm)].map(([, name, value]) => [name, Number(value)]),
);
process.stdout.write(
  `${JSON.stringify({ workers: WORKERS, calls: CALLS, failed, listensMs, cold: summary(cold), warm: summary(warm), mostMib, isolates })}\n`,
);
agent.destroy();
server.kill("SIGTERM");
await once(server, "exit");
rmSync(root, { recursive: true, force: true });
