// The cases, and how far ours is to reach in each.

/**
 * A reach compares ours with `peer`'s value: `most` times that, or `least`; without a peer the value itself.
 * @typedef {{peer?: string, most?: number, least?: number}} Reach
 * @typedef {{name: string, unit: "us" | "ms" | "MB/s", reach: Reach, first: number, one?: boolean, peers?: string[]}} Case
 *   `peers`: those that have the case, if not all have; `first`: iterations of the first sample; `one`: a sample is one iteration, whatever it takes
 */

const LARGE_BYTES = 10 * 1024 * 1024;

/** @type {Case[]} */
export const CASES = [
  { name: "http_client", unit: "us", reach: { peer: "cpython", most: 1.5 }, first: 50 },
  { name: "urllib3", unit: "us", reach: { peer: "cpython", most: 1.1 }, first: 50 },
  { name: "requests", unit: "us", reach: { peer: "cpython", most: 0.95 }, first: 50 },
  { name: "httpx", unit: "us", reach: { peer: "cpython", most: 1.2 }, first: 50 },
  { name: "requests_100", unit: "ms", reach: { peer: "node_fetch", most: 1.2 }, first: 1, one: true },
  { name: "requests_1000", unit: "ms", reach: { peer: "node_fetch", most: 1.2 }, first: 1, one: true },
  { name: "down_10m", unit: "MB/s", reach: { peer: "node_fetch", least: 0.7 }, first: 2 },
  { name: "up_10m", unit: "MB/s", reach: { peer: "node_fetch", least: 0.7 }, first: 2 },
  { name: "bridge", unit: "us", reach: { most: 60 }, first: 50, peers: ["stock_fetch", "stock_sock"] },
];

/** Microseconds of an iteration in the case's unit. @param {Case["unit"]} unit @param {number} us */
export function inUnit(unit, us) {
  if (unit === "us") return us;
  return unit === "ms" ? us / 1000 : LARGE_BYTES / us;
}

/**
 * @param {Reach} reach @param {number | null} ours @param {Record<string, number | null>} peers
 * @returns {{met: boolean, text: string}} a value that is not there meets nothing
 */
export function judge({ peer, most, least }, ours, peers) {
  const base = peer === undefined ? 1 : peers[peer];
  const bound = `${most === undefined ? `>= ${least}` : `<= ${most}`}${peer === undefined ? "" : ` x ${peer}`}`;
  if (ours === null || typeof base !== "number") return { met: false, text: `${bound}: not measured` };
  const value = ours / base;
  const met = most === undefined ? value >= /** @type {number} */ (least) : value <= most;
  return { met, text: `${bound}: ${value.toPrecision(3)}${met ? "" : ", missed"}` };
}
