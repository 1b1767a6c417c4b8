// What the others have of a fiber that never stops, and how late a sleep ends.
//
// Peers: stock Pyodide (`stock`); the same loop in plain JavaScript (`js`), which lets nothing of the host run before it ends;
// no loop at all (`idle`), which is the least that the host's own timers allow; Node's setTimeout (`node`). All in one
// process, the rounds alternating.
import * as lateness from "./fairness/lateness.mjs";
import * as others from "./fairness/others.mjs";
import { parseOptions } from "./lib/options.mjs";
import { progress } from "./lib/progress.mjs";
import { LOADERS } from "./lib/pyodides.mjs";
import { report } from "./lib/report.mjs";

const FAMILIES = [others, lateness];
const NAMES = FAMILIES.flatMap((family) => family.NAMES);
const ROUNDS = 5;

const HELP = `./dev bench fairness [--json FILE] [--rounds N] [--only CASE ...] [--quick]

  --json FILE      write the rows as JSON, too
  --rounds N       rounds over all sides of a case (${ROUNDS})
  --only CASE ...  of: ${NAMES.join(", ")}
  --quick          one short round: to see that it runs

Milliseconds too late: p50, p99 and the most, over all rounds. setTimeout, setImmediate, fiber: beside a fiber that calls
run_sync on a settled promise without end; fiber is another one, which waits for a timer of 1 ms. The rest: how much later
than asked a sleep ends.
`;

const options = parseOptions("fairness", HELP, NAMES);
const effort = { rounds: options.rounds ?? (options.quick ? 1 : ROUNDS), quick: options.quick };
const isWanted = (name) => options.only === undefined || options.only.includes(name);

progress("loading both interpreters");
const interpreters = {};
for (const [side, load] of Object.entries(LOADERS)) {
  interpreters[side] = await load();
  for (const family of FAMILIES) interpreters[side].runPython(family.PYTHON);
}
const rows = [];
for (const family of FAMILIES) {
  for (const name of family.NAMES.filter(isWanted)) {
    progress(name);
    rows.push(...(await family.measure(name, interpreters, effort)));
  }
}
progress("");
report("fairness", rows, options.json);
process.exit(0);
