// Workers under load by wrk: blockon serve (`ours`) beside Cloudflare's workerd with the same Python and with JavaScript, and beside
// uvicorn with uvloop on CPython, all in one run.
//
// A server runs on one processor with all its threads, wrk and the upstream on the other. What ours makes beside its first requests, for later
// starts, is made before: each side is measured when it does nothing while it is asked nothing. Then all sides are up, and are loaded by turns,
// a second each or some, so that a machine that is faster for a while, or does something else, is so for all of them; what counts are medians.
import { end } from "./lib/ending.mjs";
import { parseOptions } from "./lib/options.mjs";
import { pinning, startServer } from "./lib/peer.mjs";
import { treeCpuUs, treeRssKib, untilQuiet } from "./lib/process_tree.mjs";
import { progress } from "./lib/progress.mjs";
import { judgeAmong } from "./lib/reaches.mjs";
import { median } from "./lib/report.mjs";
import { columns, format, judgedLines } from "./lib/table.mjs";
import { CASES, GROWTH } from "./serve/cases.mjs";
import { startOurs, uvicornStarter, workerdStarters } from "./serve/servers.mjs";
import { load, requireWrk } from "./serve/wrk.mjs";

const NAMES = CASES.map((each) => each.name);
const PEERS = ["workerd_python", "workerd_js", "uvicorn"];
const ROUNDS = 3;
/** Of each side in a round. */
const TURNS = 5;
const SECONDS = 1;
const WARM_SECONDS = 8;
const FIRST_MS = 60_000;

const HELP = `./dev bench serve [--json FILE] [--rounds N] [--only CASE ...] [--peers PEER ...] [--quick]

  --json FILE      write the rows as JSON, too
  --rounds N       rounds over all sides of a case (${ROUNDS}), each of ${TURNS} turns of ${SECONDS} s (sync_requests_500: 5 s), when it has been warmed up for ${WARM_SECONDS} s
  --only CASE ...  of: ${NAMES.join(", ")}
  --peers PEER ... beside ours, of: ${PEERS.join(", ")} (all)
  --quick          one turn of a second: to see that it runs

hello_cpu_us: processor time of a request, all threads. hello_cN: requests a second at N connections. fastapi: requests a second of the
processor's time to a JSON endpoint with a model; fastapi_post: of a plain def that is posted a model. sync_requests_500: a plain def that does one requests.get() of 50 ms, at 500 connections.
growth_pct: resident memory from ${GROWTH.from} to ${GROWTH.to} requests. Needs wrk. The exit code is 1 when ours misses a reach.
`;

const options = parseOptions("serve", HELP, NAMES, PEERS);
const turns = options.quick ? 1 : TURNS;
const warmSeconds = options.quick ? 1 : WARM_SECONDS;
const rounds = options.quick ? 1 : (options.rounds ?? ROUNDS);
const cases = CASES.filter((each) => options.only === undefined || options.only.includes(each.name));
const isAsked = (name) => name === "ours" || (options.peers ?? PEERS).includes(name);

await requireWrk();
const python = process.env.BLOCKON_BENCH_PYTHON || "python3";
const upstream = await startServer({ onClients: true });
/** @type {Record<string, import("./serve/servers.mjs").Start>} */
const starters = { ours: startOurs, uvicorn: uvicornStarter(python) };
let closeWorkerd = () => {};
if (isAsked("workerd_python") || isAsked("workerd_js")) {
  try {
    const { close, ...found } = await workerdStarters();
    Object.assign(starters, found);
    closeWorkerd = close;
  } catch (error) {
    process.stderr.write(`serve: GOING ON WITHOUT workerd: ${error.message}. --peers says which to measure.\n`);
    const missing = () => Promise.reject(error);
    Object.assign(starters, { workerd_python: missing, workerd_js: missing });
  }
}

const urlOf = (each, running) => `${running.url}${each.path.replace("UPSTREAM", `${upstream.url}/upstream`)}`;
/** The server is asked what the case asks, for so long. */
const loadBy = (each, running, duration) => load(urlOf(each, running), each.connections, duration, each.json);

/** The first answer is there when all has been imported. */
async function askOnce(each, running) {
  const post = each.json && { method: "POST", headers: { "content-type": "application/json" }, body: each.json };
  const response = await fetch(urlOf(each, running), { signal: AbortSignal.timeout(FIRST_MS), ...post });
  if (response.status !== 200) throw new Error(`the first answer is ${response.status}, ${await response.text()}`);
  await response.bytes();
}

const prepared = new Set();

/** What ours makes once, a snapshot and compiled code, is there: it is no part of what requests cost. */
async function prepare(each) {
  if (prepared.has(each.worker)) return;
  const running = await startOurs(each.worker);
  try {
    await askOnce(each, running);
    await untilQuiet(running.pid);
  } finally {
    await running.stop();
  }
  prepared.add(each.worker);
}

async function growthOf(each, running) {
  let asked = 0;
  const memoryAt = async (count) => {
    while (asked < count) asked += (await loadBy(each, running, SECONDS * turns)).requests;
    return treeRssKib(running.pid);
  };
  const scale = options.quick ? 100 : 1;
  const before = await memoryAt(GROWTH.from / scale);
  return (100 * ((await memoryAt(GROWTH.to / scale)) - before)) / before;
}

async function sampleOf(each, running) {
  if (each.counts === "growth") return growthOf(each, running);
  const before = treeCpuUs(running.pid);
  const { requests, rate } = await loadBy(each, running, each.seconds ?? SECONDS);
  if (each.settles) await untilQuiet(running.pid);
  if (each.counts === "rate") return rate;
  const us = (treeCpuUs(running.pid) - before) / requests;
  return each.counts === "cpu" ? us : 1e6 / us;
}

/** @returns {Promise<{values: Record<string, number | null>, errors: Record<string, string>}>} medians by side */
async function measure(each) {
  const names = ["ours", ...each.peers].filter(isAsked);
  const running = {};
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  const errors = {};
  const attempt = async (name, action) => {
    if (name in errors) return;
    try {
      await action();
    } catch (error) {
      errors[name] = error.message;
    }
  };
  for (const name of names) {
    await attempt(name, async () => {
      if (name === "ours") await prepare(each);
      running[name] = await starters[name](each.worker);
      await askOnce(each, running[name]);
      await untilQuiet(running[name].pid);
      if (each.counts !== "growth") await loadBy(each, running[name], warmSeconds);
      if (each.settles) await untilQuiet(running[name].pid);
    });
  }
  for (let turn = 0; turn < (each.counts === "growth" ? 1 : rounds * turns); turn++) {
    const first = turn % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      await attempt(name, async () => {
        samples[name].push(await sampleOf(each, running[name]));
      });
    }
  }
  for (const server of Object.values(running)) await server.stop();
  const values = names.map((name) => [name, name in errors ? null : median(samples[name])]);
  return { values: Object.fromEntries(values), errors };
}

const rows = [];
try {
  for (const [index, each] of cases.entries()) {
    progress(`${each.name} (${index + 1} of ${cases.length})`);
    const { values, errors } = await measure(each);
    const { ours, ...peers } = values;
    const reaches = each.reaches.map((reach) => judgeAmong(reach, ours, peers));
    rows.push({ case: each.name, unit: each.unit, ours, peers, errors, reaches });
  }
} finally {
  progress("");
  upstream.close();
  closeWorkerd();
}

console.log(`serve (servers on processor ${pinning.server}, wrk on ${pinning.clients}); medians; 1/s: more is better`);
const lines = rows.map(({ case: name, unit, ours, peers }) => [
  name,
  unit,
  format(ours),
  ...PEERS.map((peer) => format(peers[peer])),
]);
console.log(columns([["case", "unit", "ours", ...PEERS], ...lines]).join("\n"));
console.log();
console.log(judgedLines(rows).join("\n"));
end(
  rows,
  options.json,
  rows.every(({ reaches }) => reaches.every(({ met }) => met !== false)),
);
