// The cases of ./dev bench http, and how far ours is to reach in each.

const LARGE_BYTES = 10 * 1024 * 1024;

/** @type {import("../lib/reaches.mjs").Case[]} */
export const CASES = [
  { name: "http_client", unit: "us", reach: { peer: "cpython", most: 1.5 }, first: 50 },
  { name: "urllib3", unit: "us", reach: { peer: "cpython", most: 1.1 }, first: 50 },
  { name: "requests", unit: "us", reach: { peer: "cpython", most: 0.95 }, first: 50 },
  { name: "httpx", unit: "us", reach: { peer: "cpython", most: 1.2 }, first: 50 },
  { name: "requests_100", unit: "ms", reach: { peer: "node_fetch", most: 1.2 }, first: 1, one: true },
  { name: "requests_1000", unit: "ms", reach: { peer: "node_fetch", most: 1.2 }, first: 1, one: true },
  { name: "down_10m", unit: "MB/s", size: LARGE_BYTES, reach: { peer: "node_fetch", least: 0.7 }, first: 2 },
  { name: "up_10m", unit: "MB/s", size: LARGE_BYTES, reach: { peer: "node_fetch", least: 0.7 }, first: 2 },
  { name: "bridge", unit: "us", reach: { most: 60 }, first: 50, peers: ["stock_fetch", "stock_sock"] },
];
