// A program of memory.test.ts: rounds of waits of all kinds, of tasks side by side. Prints as JSON, for the end of each round, how
// much there is of all that a wait could leave behind. Needs --expose-gc.
import { loadPyodide } from "../../../runtime/index.ts";

const [rounds, waits] = process.argv.slice(2).map(Number);
const tasks = 20;
const pyodide = await loadPyodide();
globalThis.crossing = { name: "what goes back and forth" };
globalThis.later = (value) => new Promise((resolve) => setImmediate(resolve, value));
globalThis.rejected = (text) => new Promise((_, reject) => setImmediate(() => reject(new Error(text))));
globalThis.holder = (value) => ({ promise: globalThis.later(value) });
globalThis.never = () => new Promise(() => {});
pyodide.runPython(`
import asyncio, gc, sys, _blockon
from js import crossing, holder, later, never, rejected
from pyodide.ffi import JsException, create_proxy, run_sync, to_js

class Crossing:
    pass

kept = Crossing()
proxy = create_proxy(kept)

async def awaits(value):
    return await later(value)

async def awaits_twice(value):
    await asyncio.sleep(0)
    return await awaits(value)

async def raises_after():
    await later(1)
    raise KeyError(1)

async def awaits_never():
    try:
        await never()
    finally:
        await asyncio.sleep(0)

def fails(kind, awaitable):
    try:
        run_sync(awaitable)
    except kind:
        return
    raise AssertionError("no exception")

def cancelled_future():
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    loop.call_soon(future.cancel)
    fails(asyncio.CancelledError, future)

def cancelled_task():
    loop = asyncio.get_running_loop()
    task = loop.create_task(awaits_never())
    loop.call_later(0.001, task.cancel)
    fails(asyncio.CancelledError, task)

def cancelled_blocked():
    """A task that is cancelled while it blocks, whenever that takes hold of it."""
    async def blocks():
        run_sync(later(1))
        await asyncio.sleep(0)
    loop = asyncio.get_running_loop()
    task = loop.create_task(blocks())
    loop.call_soon(loop.call_soon, task.cancel)
    fails(asyncio.CancelledError, task)

def same(value):
    assert value in (kept, proxy, crossing), value

WAYS = [
    lambda: same(run_sync(later(proxy))),
    lambda: same(run_sync(later(crossing))),
    lambda: same(run_sync(holder(proxy).promise)),
    lambda: same(run_sync(holder(crossing).promise)),
    lambda: same(run_sync(awaits(proxy))),
    lambda: same(run_sync(awaits_twice(crossing))),
    lambda: run_sync(asyncio.sleep(0)),
    lambda: run_sync(asyncio.sleep(0.0001)),
    lambda: fails(JsException, rejected("refused")),
    lambda: fails(KeyError, raises_after()),
    lambda: fails(TimeoutError, asyncio.wait_for(never(), 0.001)),
    cancelled_future,
    cancelled_task,
    cancelled_blocked,
]

def work(count):
    for i in range(count):
        WAYS[i % len(WAYS)]()

def counts():
    gc.collect()
    stats = _blockon.stats()
    names = ("fibers_live", "regions_in_use", "ready_handles", "pending_timers")
    return to_js([*(stats[name] for name in names), sys.getrefcount(kept), sys.getrefcount(crossing), len(gc.get_objects())])
`);
const work = pyodide.globals.get("work");
const counts = pyodide.globals.get("counts");
const module = pyodide._module;

/** Proxies end with their finalizers, each of which may free what others hold. */
async function settle() {
  for (let turn = 0; turn < 10; turn++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const samples = [];
for (let round = 0; round < rounds; round++) {
  await Promise.all(Array.from({ length: tasks }, () => work.callPromising(waits / tasks)));
  await settle();
  const [fibers, regions, handles, timers, keptReferences, crossingReferences, objects] = counts();
  samples.push({
    counts: { fibers, regions, handles, timers, keptReferences, crossingReferences },
    objects,
    references: module._hiwire_num_refs(),
    wasmMemory: module.HEAPU8.length,
    heap: process.memoryUsage().heapUsed,
  });
}
console.log(JSON.stringify(samples));
process.exit(0);
