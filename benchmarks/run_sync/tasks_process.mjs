// One process of the cases of tasks.mjs: tasks_process.mjs SIDE TASKS WAITS [garbage]. Concurrent tasks, each of which
// waits several times for a timer of 100 ms; with `garbage` it makes some in between, so that CPython's collector runs
// while others are suspended. Prints one line of JSON: {"ms": wall time, "rssKib": resident memory that one task adds,
// "pid", "windows": when that was, for a profile}. A parent that forked it is told "ready", and says when to begin.
import { once } from "node:events";
import { LOADERS } from "../lib/pyodides.mjs";
import { windowOf } from "../profile/windows.mjs";
import * as jspi from "./jspi.mjs";

const side = process.argv[2];
const tasks = Number(process.argv[3]);
const waits = Number(process.argv[4]);
const withGarbage = process.argv[5] === "garbage";

const PYTHON = `
import js
from pyodide.ffi import run_sync

class Node:
    pass

def task(waits):
    for _ in range(waits):
        if run_sync(js.benchTimer.wait) != 1:
            raise RuntimeError("a wait returned something else")
    return waits

def task_garbage(waits):
    keep = []
    for _ in range(waits):
        node = Node()
        node.me = node
        keep.append([node, {"a": [1, 2, 3]}])
        if run_sync(js.benchTimer.wait) != 1:
            raise RuntimeError("a wait returned something else")
    return len(keep)
`;

const timer = {
  get wait() {
    return new Promise((resolve) => setTimeout(resolve, 100, 1));
  },
};
globalThis.benchTimer = timer;

async function start() {
  if (side === "js") {
    return async () => {
      for (let i = 0; i < waits; i++) await timer.wait;
      return waits;
    };
  }
  if (side === "jspi") {
    const wait = jspi.waits(() => timer.wait);
    return async () => {
      await wait(waits);
      return waits;
    };
  }
  const pyodide = await LOADERS[side]();
  pyodide.runPython(PYTHON);
  const task = pyodide.globals.get(withGarbage ? "task_garbage" : "task");
  return () => task.callPromising(waits);
}

const task = await start();
await task();
if (process.send) {
  process.send("ready");
  await once(process, "message");
}
const before = process.memoryUsage.rss();
let peak = before;
const sampler = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss());
}, 20);
let results;
const window = await windowOf(side, "loop", tasks * waits, async () => {
  results = await Promise.all(Array.from({ length: tasks }, task));
});
const ms = (window.end - window.begin) * 1000;
clearInterval(sampler);
if (results.some((result) => result !== waits)) throw new Error("a task returned something else");
const rssKib = (peak - before) / 1024 / tasks;
console.log(JSON.stringify({ ms, rssKib, pid: process.pid, windows: [window] }));
process.exit(0);
