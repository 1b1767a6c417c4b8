// The cases of ./dev bench start, and how far ours is to reach in each.

/**
 * `how`: a new process until the first byte of its first answer, a Worker that is started in a process that serves others, a request
 * of an interpreter that is reset with its reset, its memory, in an isolate of its own or a shared one, a server of many Workers, and a save
 * under `blockon dev`; `quantile` of the samples.
 * @typedef {{name: string, unit: "us" | "ms" | "MiB", worker: "hello" | "app" | "noop" | "json" | "many",
 *   how: "process" | "pool" | "reset" | "memory" | "shared memory" | "many" | "manyMemory" | "reload", quantile: number,
 *   peers: string[], reaches: import("../lib/reaches.mjs").Reach[]}} StartCase
 */

/** MiB that the server of many Workers may have. */
export const MANY_MIB = 2048;

/** @type {StartCase[]} */
export const CASES = [
  {
    name: "process_hello",
    unit: "ms",
    worker: "hello",
    how: "process",
    quantile: 0.5,
    peers: ["workerd", "cpython"],
    reaches: [{ most: 80 }, { most: 60 }],
  },
  {
    name: "process_app",
    unit: "ms",
    worker: "app",
    how: "process",
    quantile: 0.5,
    peers: ["cpython"],
    reaches: [{ most: 100 }],
  },
  { name: "pool_hello", unit: "ms", worker: "hello", how: "pool", quantile: 0.5, peers: [], reaches: [{ most: 4 }] },
  {
    name: "pool_hello_p99",
    unit: "ms",
    worker: "hello",
    how: "pool",
    quantile: 0.99,
    peers: [],
    reaches: [{ most: 12 }],
  },
  { name: "pool_app", unit: "ms", worker: "app", how: "pool", quantile: 0.5, peers: [], reaches: [{ most: 6 }] },
  {
    name: "reset_noop",
    unit: "us",
    worker: "noop",
    how: "reset",
    quantile: 0.5,
    peers: ["cpython"],
    reaches: [{ most: 50 }],
  },
  {
    name: "reset_json",
    unit: "us",
    worker: "json",
    how: "reset",
    quantile: 0.5,
    peers: ["cpython"],
    reaches: [{ most: 200 }],
  },
  {
    name: "isolate_pss",
    unit: "MiB",
    worker: "hello",
    how: "memory",
    quantile: 0.5,
    peers: [],
    reaches: [{ most: 13 }],
  },
  {
    name: "instance_pss",
    unit: "MiB",
    worker: "hello",
    how: "shared memory",
    quantile: 0.5,
    peers: [],
    reaches: [{ most: 2.5 }, { most: 1.5 }],
  },
  { name: "many_cold", unit: "ms", worker: "many", how: "many", quantile: 0.5, peers: [], reaches: [{ most: 4 }] },
  {
    name: "many_cold_p99",
    unit: "ms",
    worker: "many",
    how: "many",
    quantile: 0.99,
    peers: [],
    reaches: [{ most: 12 }],
  },
  {
    name: "many_memory",
    unit: "MiB",
    worker: "many",
    how: "manyMemory",
    quantile: 0.5,
    peers: [],
    reaches: [{ most: MANY_MIB }],
  },
  {
    name: "dev_reload",
    unit: "ms",
    worker: "hello",
    how: "reload",
    quantile: 0.5,
    peers: [],
    reaches: [{ most: 200 }],
  },
];
