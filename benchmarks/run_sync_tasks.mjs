// One process of the benchmark run_sync: 1,000 concurrent tasks, each of which waits ten times for a timer of 100 ms
// and makes garbage in between, so that CPython's collector runs while others are suspended. Prints one line of JSON:
// {"ms": wall time, "rssKib": resident memory that one task adds}.
import { LOADERS } from "./lib/pyodides.mjs";

const side = process.argv[2];
const TASKS = 1000;
const WAITS = 10;

const PYTHON = `
import js
from pyodide.ffi import run_sync

class Node:
    pass

def task(waits):
    keep = []
    for _ in range(waits):
        node = Node()
        node.me = node
        keep.append([node, {"a": [1, 2, 3]}])
        if run_sync(js.benchTimer.wait) != 1:
            raise RuntimeError("a wait returned something else")
    return len(keep)
`;

globalThis.benchTimer = {
  get wait() {
    return new Promise((resolve) => setTimeout(resolve, 100, 1));
  },
};

async function start() {
  if (side === "js") {
    return async () => {
      for (let i = 0; i < WAITS; i++) await globalThis.benchTimer.wait;
      return WAITS;
    };
  }
  const pyodide = await LOADERS[side]();
  pyodide.runPython(PYTHON);
  const task = pyodide.globals.get("task");
  return () => task.callPromising(WAITS);
}

const task = await start();
await task();
const before = process.memoryUsage.rss();
let peak = before;
const sampler = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss());
}, 20);
const begin = performance.now();
const results = await Promise.all(Array.from({ length: TASKS }, task));
const ms = performance.now() - begin;
clearInterval(sampler);
if (results.some((result) => result !== WAITS)) throw new Error("a task returned something else");
console.log(JSON.stringify({ ms, rssKib: (peak - before) / 1024 / TASKS }));
process.exit(0);
