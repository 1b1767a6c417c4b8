// The cases of ./dev bench threads, and how far ours is to reach in each.

/** @type {import("../lib/reaches.mjs").Case[]} */
export const CASES = [
  { name: "start_join", unit: "us", reach: { most: 15 }, first: 50 },
  { name: "lock_uncontended", unit: "us", reach: { most: 0.1 }, first: 1000, peers: ["cpython"] },
  { name: "ping_pong", unit: "us", reach: { most: 6 }, first: 50 },
  { name: "greenlet_switch", unit: "us", reach: { most: 2 }, first: 50, peers: ["cpython"] },
  { name: "queue", unit: "1/s", reach: { peer: "cpython", least: 1 }, first: 200 },
  {
    name: "pool_requests_ms",
    unit: "ms",
    reach: { peer: "cpython", most: 1.1, cpu: 1 },
    first: 1,
    one: true,
  },
];

/** Both of the same processes, each of which starts so many threads that sleep. */
export const SLEEPERS = 10_000;
/** @type {import("../lib/reaches.mjs").Case[]} */
export const CROWD = [
  { name: "sleep_10k_ms", unit: "ms", reach: { most: 1000 }, first: SLEEPERS, one: true },
  { name: "thread_rss_kib", unit: "KiB", reach: { most: 24 }, first: SLEEPERS, one: true },
];
