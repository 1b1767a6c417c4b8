// run_sync and what goes with it beside its peers, all in one run: stock Pyodide, plain JavaScript (`js`), bare wasm
// that suspends (`jspi`, the least that V8 asks for) and greenlets on CPython (`gevent`).
//
// What is counted in microseconds is measured in one process with both interpreters in it; tasks get a process each.

import { parseOptions } from "./lib/options.mjs";
import { progress } from "./lib/progress.mjs";
import { report } from "./lib/report.mjs";
import { QUICK, time, USUAL } from "./lib/timing.mjs";
import { CASES, loadInterpreters } from "./run_sync/cases.mjs";
import * as tasks from "./run_sync/tasks.mjs";

const NAMES = [...CASES.map((each) => each.name), ...tasks.CASES];

const HELP = `./dev bench run_sync [--json FILE] [--rounds N] [--runs N] [--only CASE ...] [--quick]

  --json FILE      write the rows as JSON, too
  --rounds N       rounds over all sides of a case (${USUAL.rounds})
  --runs N         processes of ours with 1,000 tasks (20); 0 leaves the tasks out
  --only CASE ...  of: ${NAMES.join(", ")}
  --quick          few rounds, few runs, little warming up: to see that it runs

us: microseconds a call. microtask and immediate without the price of making the promise.
`;

const options = parseOptions("run_sync", HELP, NAMES);
const effort = { ...(options.quick ? QUICK : USUAL) };
if (options.rounds !== undefined) effort.rounds = options.rounds;
const runs = options.runs ?? (options.quick ? 1 : 20);
const isWanted = (name) => options.only === undefined || options.only.includes(name);

/** The distance to V8's limit, for the rows that have one. */
function toLimit(ours, peers) {
  return peers.jspi > 0 ? { note: `ours takes ${(ours / peers.jspi).toFixed(2)} x jspi` } : {};
}

async function perCall() {
  const wanted = CASES.filter((each) => isWanted(each.name));
  if (wanted.length === 0) return [];
  progress("loading both interpreters");
  const interpreters = await loadInterpreters();
  const rows = [];
  for (const [index, each] of wanted.entries()) {
    progress(`${each.name} (${index + 1} of ${wanted.length})`);
    const { ours, ...peers } = await time(each, interpreters, effort);
    rows.push({ case: each.name, unit: "us", ours, peers, ...toLimit(ours, peers) });
  }
  return rows;
}

const rows = [...(await perCall()), ...(runs > 0 ? await tasks.measureTasks(isWanted, runs) : [])];
progress("");
report("run_sync", rows, options.json);
process.exit(0);
