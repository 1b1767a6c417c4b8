// Threads and greenlets on blockon, which are fibers there, beside CPython's threads of the system and greenlets (`cpython`)
// and gevent's (`gevent`), all in one run, each in a process of its own on one processor.
import path from "node:path";
import { end } from "./lib/ending.mjs";
import { parseOptions } from "./lib/options.mjs";
import { benchPackages } from "./lib/packages.mjs";
import { oursPeer, pinning, pythonPeer, startServer } from "./lib/peer.mjs";
import { progress } from "./lib/progress.mjs";
import { measure, QUICK, USUAL } from "./lib/sampling.mjs";
import { rowOf, tableLines } from "./lib/table.mjs";
import { CASES, CROWD, SLEEPERS } from "./threads/cases.mjs";
import { measureCrowd } from "./threads/crowd.mjs";

const NAMES = [...CASES, ...CROWD].map((each) => each.name);
const MOST_CROWDS = 3;

const HELP = `./dev bench threads [--json FILE] [--rounds N] [--only CASE ...] [--quick]

  --json FILE      write the rows as JSON, too
  --rounds N       rounds over all sides of a case (${USUAL.rounds}; of the crowds at most ${MOST_CROWDS})
  --only CASE ...  of: ${NAMES.join(", ")}
  --quick          one short round: to see that it runs

start_join: a thread from start() to the end of join(). ping_pong, greenlet_switch: there and back. queue: items from one thread to
another. pool_requests_ms: 1,000 times requests.get() by 100 threads of a ThreadPoolExecutor, each answered after 100 ms.
sleep_10k_ms, thread_rss_kib: ${SLEEPERS} threads that sleep, until all have been started, and what each holds of memory.
The exit code is 1 when ours misses a reach.
`;

const options = parseOptions("threads", HELP, NAMES);
const effort = { ...(options.quick ? QUICK : USUAL), ...(options.rounds !== undefined && { rounds: options.rounds }) };
const isWanted = ({ name }) => options.only === undefined || options.only.includes(name);
const program = (name) => path.join(import.meta.dirname, "threads/python", `${name}.py`);

const python = process.env.BLOCKON_BENCH_PYTHON || "python3";
const packages = await benchPackages("http");
const server = await startServer();
const peers = [
  oursPeer(server.url, program("thread_cases"), packages),
  pythonPeer("cpython", python, server.url, program("thread_cases")),
  pythonPeer("gevent", python, server.url, program("gevent_cases")),
];
const rows = [];
const wanted = CASES.filter(isWanted);
for (const [index, each] of wanted.entries()) {
  progress(`${each.name} (${index + 1} of ${wanted.length})`);
  const sides = peers.filter(({ name }) => name === "ours" || (each.peers?.includes(name) ?? true));
  rows.push(rowOf(each, await measure(each, sides, effort)));
}
for (const peer of peers) peer.stop();
if (CROWD.some(isWanted)) {
  const measured = await measureCrowd(peers, { ...effort, rounds: Math.min(effort.rounds, MOST_CROWDS) });
  rows.push(...CROWD.filter(isWanted).map((each) => rowOf(each, measured[each.name])));
}
progress("");
server.close();
const names = peers.map((peer) => peer.name);
console.log(`threads (on processor ${pinning.clients}, the server of pool_requests_ms on ${pinning.server})`);
console.log(tableLines(rows, names).join("\n"));
end(
  rows,
  options.json,
  rows.every((row) => row.reach.met),
);
