// One process that perf records: loops_process.mjs CASE ROUNDS [quick]. All sides of a case of run_sync, as its benchmark
// measures them. Prints one line of JSON: {"pid", "us": {side: median}, "windows": [...]}.
import { QUICK, sample, USUAL, warmSides } from "../lib/timing.mjs";
import { CASES, loadInterpreters } from "../run_sync/cases.mjs";
import { windowOf } from "./windows.mjs";

const [name, rounds, quick] = process.argv.slice(2);
const measured = CASES.find((each) => each.name === name);
const windows = [];

/** The loop, which notes its windows. */
function noted(side, part, loop) {
  return async (n) => {
    let us = 0;
    const window = await windowOf(side, part, n, async () => {
      us = await loop(n);
    });
    windows.push(window);
    return us;
  };
}

const sides = await warmSides(measured, await loadInterpreters(), quick ? QUICK : USUAL);
for (const side of sides) {
  side.loop = noted(side.name, "loop", side.loop);
  if (side.less) side.less = noted(side.name, "less", side.less);
}
const us = await sample(sides, Number(rounds));
// More than a pipe takes at once: the process ends when all is written.
process.stdout.write(`${JSON.stringify({ pid: process.pid, us, windows })}\n`, () => process.exit(0));
