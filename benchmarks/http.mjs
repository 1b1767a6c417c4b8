// HTTP clients on blockon beside their peers, against one server on loopback, all in one run: CPython with the same libraries
// (`cpython`), stock Pyodide in its two ways (`stock_fetch`, `stock_sock`) and Node's own clients (`node_fetch`, `node_http`).
//
// Each is a process of its own on one processor, the server on another.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { packageFolder } from "../runtime/packages/python_packages.ts";
import { CASES, inUnit, judge } from "./http/cases.mjs";
import { makePeers, pinning, startServer } from "./http/peers.mjs";
import { measure, QUICK, USUAL } from "./http/sampling.mjs";
import { tableLines } from "./http/table.mjs";
import { parseOptions } from "./lib/options.mjs";
import { progress } from "./lib/progress.mjs";

const NAMES = CASES.map((each) => each.name);

const HELP = `./dev bench http [--json FILE] [--rounds N] [--only CASE ...] [--quick]

  --json FILE      write the rows as JSON, too
  --rounds N       rounds over all sides of a case (${USUAL.rounds})
  --only CASE ...  of: ${NAMES.join(", ")}
  --quick          one short round: to see that it runs

http_client, urllib3, requests, httpx: a GET of 13 bytes on a connection that is kept. requests_N: that many at once, each answered
after 100 ms. down, up: 10 MiB by urllib3. bridge: what a request costs more where Python cannot suspend.
The exit code is 1 when ours misses a reach.
`;

const options = parseOptions("http", HELP, NAMES);
const effort = { ...(options.quick ? QUICK : USUAL), ...(options.rounds !== undefined && { rounds: options.rounds }) };
const wanted = CASES.filter((each) => options.only === undefined || options.only.includes(each.name));

/** The clients that requirements.txt pins, for Pyodide; those are what follows the line with their name. */
async function clientPackages() {
  const text = readFileSync(path.join(import.meta.dirname, "requirements.txt"), "utf8");
  const folder = mkdtempSync(path.join(tmpdir(), "blockon-bench-"));
  try {
    writeFileSync(path.join(folder, "requirements.txt"), text.slice(text.indexOf("# http")));
    return await packageFolder(folder, () => progress("installing the clients for Pyodide"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param {import("./http/cases.mjs").Case} each @param {Record<string, import("./http/sampling.mjs").Measured>} measured */
function rowOf(each, measured) {
  const value = ({ us }) => (us === null ? null : inUnit(each.unit, us));
  const entries = Object.entries(measured);
  const { ours, ...peers } = Object.fromEntries(entries.map(([name, side]) => [name, value(side)]));
  return {
    case: each.name,
    unit: each.unit,
    ours,
    peers,
    cpuUs: Object.fromEntries(entries.map(([name, side]) => [name, side.cpuUs])),
    errors: Object.fromEntries(entries.filter(([, side]) => side.error).map(([name, side]) => [name, side.error])),
    reach: judge(each.reach, ours, peers),
  };
}

const python = process.env.BLOCKON_BENCH_PYTHON || "python3";
const packages = await clientPackages();
const server = await startServer();
const peers = makePeers(server.url, packages, python);
const rows = [];
for (const [index, each] of wanted.entries()) {
  progress(`${each.name} (${index + 1} of ${wanted.length})`);
  const sides = peers.filter(({ name }) => name === "ours" || (each.peers?.includes(name) ?? true));
  rows.push(rowOf(each, await measure(each, sides, effort)));
}
progress("");
for (const peer of peers) peer.stop();
server.close();
console.log(`http (server on processor ${pinning.server}, clients on ${pinning.clients})`);
console.log(
  tableLines(
    rows,
    peers.map((peer) => peer.name),
  ).join("\n"),
);
if (options.json !== undefined) {
  writeFileSync(options.json, `${JSON.stringify(rows, null, 2)}\n`);
  console.log(`written: ${options.json}`);
}
process.exit(rows.every((row) => row.reach.met) ? 0 : 1);
