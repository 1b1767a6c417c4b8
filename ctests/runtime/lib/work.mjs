// A program of work.test.ts: calls and turns of the event loop on carriers that ran others before. Prints JSON.
import { AsyncLocalStorage } from "node:async_hooks";
import { loadPyodide } from "../../../runtime/index.ts";

const storage = new AsyncLocalStorage();
globalThis.store = () => storage.getStore() ?? "none";
globalThis.later = (value) => new Promise((resolve) => setTimeout(resolve, 1, value));

const pyodide = await loadPyodide();
pyodide.runPython(`
import asyncio, ctypes
import js, _blockon
from pyodide.ffi import run_sync

order = []

def stores():
    before = js.store()
    run_sync(js.later(1))
    return f"{before} {js.store()}"

def at_once():
    return js.store()

async def in_tasks():
    await asyncio.sleep(0)
    return js.store()

def note(number):
    order.append(number)

def live():
    return _blockon.stats()["fibers_live"]

def trap():
    return ctypes.string_at(2**32 - 16, 8)
`);
const get = (name) => pyodide.globals.get(name);
const [stores, atOnce, inTasks, note, live, trap] = ["stores", "at_once", "in_tasks", "note", "live", "trap"].map(get);
const report = {};

/** What calls see whose caller has a store, and one that has none, with carriers that waited for them. */
async function seen(call) {
  const results = [];
  for (let round = 0; round < 3; round++) {
    const calls = ["a", "b"].map((name) => storage.run(name, call));
    calls.push(call());
    results.push((await Promise.all(calls)).join(", "));
  }
  return [...new Set(results)];
}

report.calls = await seen(() => atOnce.callPromising());
report.waits = await seen(() => stores.callPromising());
report.tasks = [await storage.run("task", () => inTasks()), await inTasks()];
report.afterwards = globalThis.store();

const many = Array.from({ length: 1000 }, (_, number) => number);
await Promise.all(many.map((number) => note.callPromising(number)));
report.inOrder = pyodide.runPython("order == list(range(1000))");
report.results = new Set(await Promise.all(many.slice(0, 300).map(() => stores.callPromising()))).size;
report.live = live();

const quiet = console.error;
console.error = () => {};
const outcomes = await Promise.allSettled([stores.callPromising(), trap.callPromising(), trap.callPromising()]);
console.error = quiet;
report.trap = outcomes.slice(1).map(({ status, reason }) => `${status} ${reason?.name ?? reason}`);
console.log(JSON.stringify(report));
process.exit(0);
