// HTTP clients on blockon beside their peers, against one server on loopback, all in one run: CPython with the same libraries
// (`cpython`), stock Pyodide in its two ways (`stock_fetch`, `stock_sock`), Node's own clients (`node_fetch`, `node_http`) and a
// Python Worker in Cloudflare's workerd (`workerd`).
//
// Each is a process of its own on one processor, the server on another.
import { CASES } from "./http/cases.mjs";
import { workerdPeer } from "./http/peer_workerd.mjs";
import { makePeers, PEERS } from "./http/peers.mjs";
import { end } from "./lib/ending.mjs";
import { parseOptions } from "./lib/options.mjs";
import { benchPackages } from "./lib/packages.mjs";
import { pinning, startServer } from "./lib/peer.mjs";
import { progress } from "./lib/progress.mjs";
import { measure, QUICK, USUAL } from "./lib/sampling.mjs";
import { rowOf, tableLines } from "./lib/table.mjs";

const NAMES = CASES.map((each) => each.name);

const HELP = `./dev bench http [--json FILE] [--rounds N] [--only CASE ...] [--peers PEER ...] [--quick]

  --json FILE      write the rows as JSON, too
  --rounds N       rounds over all sides of a case (${USUAL.rounds})
  --only CASE ...  of: ${NAMES.join(", ")}
  --peers PEER ... beside ours, of: ${PEERS.join(", ")} (all)
  --quick          one short round: to see that it runs

http_client, urllib3, requests, httpx: a GET of 13 bytes on a connection that is kept. requests_N: that many at once, each answered
after 100 ms. down, up: 10 MiB by urllib3. bridge: what a request costs more where Python cannot suspend.
The exit code is 1 when ours misses a reach.
`;

const options = parseOptions("http", HELP, NAMES, PEERS);
const effort = { ...(options.quick ? QUICK : USUAL), ...(options.rounds !== undefined && { rounds: options.rounds }) };
const wanted = CASES.filter((each) => options.only === undefined || options.only.includes(each.name));

/** Whether it takes part; ours always does. @param {string} name */
const isAsked = (name) => name === "ours" || (options.peers ?? PEERS).includes(name);

const python = process.env.BLOCKON_BENCH_PYTHON || "python3";
const packages = await benchPackages("http");
const server = await startServer();
const peers = makePeers(server.url, packages, python).filter(({ name }) => isAsked(name));
if (isAsked("workerd")) peers.push(await workerdPeer(server.url));
const rows = [];
for (const [index, each] of wanted.entries()) {
  progress(`${each.name} (${index + 1} of ${wanted.length})`);
  const sides = peers.filter(({ name }) => name === "ours" || (each.peers?.includes(name) ?? true));
  rows.push(rowOf(each, await measure(each, sides, effort)));
}
progress("");
for (const peer of peers) await peer.stop();
server.close();
console.log(`http (server on processor ${pinning.server}, clients on ${pinning.clients})`);
console.log(
  tableLines(
    rows,
    peers.map((peer) => peer.name),
  ).join("\n"),
);
end(
  rows,
  options.json,
  rows.every((row) => row.reach.met !== false),
);
