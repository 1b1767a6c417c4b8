// One process that perf records: worker_process.mjs URL PROGRAM PACKAGES CASE FIRST ROUNDS [quick]. A case of threads or http in a Worker,
// as its benchmark measures it; FIRST iterations at first. Prints one line of JSON: {"pid", "us": {side: median}, "windows": [...]}.
import { benchWorker } from "../lib/bench_worker.mjs";
import { median } from "../lib/report.mjs";
import { iterationsOf, QUICK, USUAL } from "../lib/sampling.mjs";
import { windowOf } from "./windows.mjs";

const [url, program, packages, name, first, rounds, quick] = process.argv.slice(2);
const ask = benchWorker(url, program, packages);

async function measured(n) {
  const answer = await ask({ case: name, n });
  if (answer.error !== undefined) throw new Error(answer.error);
  return answer;
}

const one = first === "1";
const n = await iterationsOf(measured, { first: Number(first), one }, quick ? QUICK : USUAL);
const windows = [];
const each = [];
for (let round = 0; round < Number(rounds); round++) {
  windows.push(await windowOf("ours", "loop", n, async () => each.push((await measured(n)).us / n)));
}
const printed = { pid: process.pid, us: { ours: median(each) }, windows };
process.stdout.write(`${JSON.stringify(printed)}\n`, () => process.exit(0));
