// A program of memory.test.ts: an interpreter that allows few fibers is asked for more. Prints a line for each finding.
import { loadPyodide, realmEngine } from "../../../runtime/index.ts";

const maxFibers = 20;
const pyodide = await loadPyodide({ maxFibers });
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
const live = () => realmEngine().stats().live;

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

// Other interpreters of the same realm have a limit of their own, or the default; what this one holds does not count for them.
const held = Promise.withResolvers();
const holding = Array.from({ length: maxFibers }, () => wait.callPromising(held.promise));
for (const [options, expected] of [
  [{ maxFibers: maxFibers + 1 }, maxFibers + 1],
  [{}, 20_000],
]) {
  const other = await loadPyodide(options);
  const limit = other.runPython("import _blockon; _blockon.stats()['fiber_limit']");
  console.log("another:", limit === expected, pyodide.runPython("_blockon.stats()['fiber_limit']"));
  const waits = other.runPython("from pyodide.ffi import run_sync; run_sync");
  const gate = Promise.withResolvers();
  const waiting = Array.from({ length: maxFibers + 1 }, () => waits.callPromising(gate.promise));
  await new Promise(setImmediate);
  console.log(`${live()} wait`);
  gate.resolve();
  await Promise.all(waiting);
}
held.resolve();
await Promise.all(holding);
for (const wrong of [0, -1, 1.5, Number.NaN, 2 ** 31, "20", null, {}]) {
  await loadPyodide({ maxFibers: wrong }).catch((error) => console.log(`${error.name}: ${error.message}`));
}
process.exit(0);
