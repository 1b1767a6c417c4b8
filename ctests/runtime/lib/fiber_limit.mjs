// A program of memory.test.ts: an interpreter that allows few fibers is asked for more. Prints a line for each finding.

import path from "node:path";
import { pathToFileURL } from "node:url";
import { loadAddon } from "../../../runtime/addon.ts";
import { layout } from "../../../runtime/layout.ts";
import { stackBudgets } from "../../../runtime/stack_budget.ts";

const maxFibers = 20;
const engine = loadAddon().createEngine(globalThis, { runSync: true, maxFibers, ...stackBudgets() });
const { loadPyodide } = await import(pathToFileURL(path.join(layout.distribution, "pyodide.mjs")).href);
const pyodide = await loadPyodide({ blockonEngine: engine.imports });
pyodide.runPython(`
import asyncio, _blockon
from pyodide.ffi import run_sync

def wait(promise):
    return run_sync(promise)

async def of_the_loop():
    """Many turns, each on a fiber of the event loop's, with tasks that block in some."""
    async def blocks(number):
        return number + run_sync(asyncio.sleep(0.001, 1))
    for _ in range(10):
        await asyncio.sleep(0.001)
    return sum(await asyncio.gather(*map(blocks, range(2 * ${maxFibers}))))
`);
const wait = pyodide.globals.get("wait");
const ofTheLoop = pyodide.globals.get("of_the_loop");
const live = () => engine.stats().live;

for (let round = 1; round <= 2; round++) {
  const gate = Promise.withResolvers();
  const waiting = Array.from({ length: maxFibers }, (_, number) => wait.callPromising(gate.promise.then(() => number)));
  await new Promise(setImmediate);
  console.log(`round ${round}: ${live()} wait`);
  const refused = await Promise.allSettled(Array.from({ length: 3 }, () => wait.callPromising(gate.promise)));
  for (const { status, reason } of refused) console.log(status, String(reason?.message).trimEnd().split("\n").at(-1));
  console.log("the loop:", await ofTheLoop());
  console.log(`${live()} wait`);
  gate.resolve();
  const answers = await Promise.all(waiting);
  console.log(
    "all right:",
    answers.every((answer, number) => answer === number),
    live(),
  );
}
process.exit(0);
