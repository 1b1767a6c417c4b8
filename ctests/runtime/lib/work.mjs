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
    seen = [js.store()]
    for seconds in (0, 0, 0.01):
        await asyncio.sleep(seconds)
        seen.append(js.store())
    return " ".join(seen)

async def asleep():
    await asyncio.sleep(0.1)

def note(number):
    order.append(number)

def live():
    return _blockon.stats()["fibers_live"]

def trap():
    return ctypes.string_at(2**32 - 16, 8)
`);
const get = (name) => pyodide.globals.get(name);
const [stores, atOnce, inTasks, asleep] = ["stores", "at_once", "in_tasks", "asleep"].map(get);
const [note, live, trap] = ["note", "live", "trap"].map(get);
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
report.tasks = await seen(() => inTasks.callPromising());
const target = new EventTarget();
globalThis.listen = (listener) => target.addEventListener("ring", listener);
pyodide.runPython(
  "from pyodide.ffi import create_proxy; js.listen(create_proxy(lambda event: event.preventDefault()))",
);
report.event = storage.run("dispatcher", () => [
  target.dispatchEvent(new Event("ring", { cancelable: true })),
  globalThis.store(),
]);
report.afterwards = globalThis.store();

const many = Array.from({ length: 1000 }, (_, number) => number);
await Promise.all(many.map((number) => note.callPromising(number)));
report.inOrder = pyodide.runPython("order == list(range(1000))");
report.results = new Set(await Promise.all(many.slice(0, 300).map(() => stores.callPromising()))).size;
report.live = live();

// A call that is refused lets go of its caller's context.
const small = await loadPyodide({ maxFibers: 1 });
const wait = small.runPython("from pyodide.ffi import run_sync; run_sync");
const gate = Promise.withResolvers();
const waiting = wait.callPromising(gate.promise);
const refused = (() => {
  const store = { name: "refused" };
  const outcome = storage.run(store, () => wait.callPromising(gate.promise)).then(String, (error) => error.type);
  return { outcome, store: new WeakRef(store) };
})();
report.refused = await refused.outcome;
gate.resolve(1);
await waiting;
await globalThis.later();
globalThis.gc();
report.released = refused.store.deref() === undefined;

// What was under way when one traps: its callers are told, and nobody else hears of it.
report.uncaught = [];
process.on("uncaughtException", (error) => report.uncaught.push(String(error)));
process.on("unhandledRejection", (error) => report.unhandled.push(String(error)));
report.unhandled = [];
const quiet = console.error;
console.error = () => {};
asleep();
const under = [stores.callPromising(), trap.callPromising(), ...many.map((number) => note.callPromising(number))];
const outcomes = await Promise.allSettled(under);
outcomes.push(...(await Promise.allSettled([trap.callPromising()])));
await new Promise((resolve) => setTimeout(resolve, 300));
console.error = quiet;
report.trap = [...new Set(outcomes.map(({ status, reason }) => `${status} ${reason?.name ?? reason}`))];
console.log(JSON.stringify(report));
process.exit(0);
