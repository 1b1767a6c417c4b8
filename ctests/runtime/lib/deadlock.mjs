// A program of deadlock.test.ts: runs one case, named by its argument, in an embedder's process that then has nothing left to do.
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { loadPyodide } from "../../../runtime/index.ts";

const setup = `
import asyncio, queue, threading, time
from pyodide.ffi import run_sync, create_once_callable
import blockon, js

cleaned = []
first, second = threading.Lock(), threading.Lock()
condition, event, semaphore = threading.Condition(), threading.Event(), threading.Semaphore(0)
future = asyncio.get_event_loop().create_future

def takes(one, other):
    try:
        with one:
            time.sleep(0.001)
            with other:
                return "both"
    finally:
        cleaned.append("takes")

def twice():
    first.acquire()
    first.acquire()

def notified():
    with condition:
        condition.wait()

def waits(on):
    return on()

async def later():
    await future()

def caught():
    for _ in range(3):
        try:
            event.wait()
        except RuntimeError as error:
            print("caught", str(error)[:9])
    return "unreachable"

def cleans():
    try:
        waits(event.wait)
    except RuntimeError:
        return "cleaned"
    finally:
        cleaned.append("finally")

def released_by(start):
    first.acquire()
    start(create_once_callable(lambda *_: first.release()))
    with first:
        return "released"
`;

/** What is called by callPromising, all at once; the program prints what came of each, and ends as Node ends. */
const cases = {
  circle: ["lambda: takes(first, second)", "lambda: takes(second, first)"],
  twice: ["twice"],
  queue: ["lambda: waits(queue.Queue().get)"],
  "simple queue": ["lambda: waits(queue.SimpleQueue().get)"],
  condition: ["notified"],
  event: ["lambda: waits(event.wait)"],
  semaphore: ["lambda: waits(semaphore.acquire)"],
  future: ["lambda: run_sync(future())"],
  coroutine: ["lambda: run_sync(later())"],
  promise: ["lambda: run_sync(js.Promise.new(lambda *_: None))"],
  order: [
    "lambda: run_sync(future())",
    "lambda: waits(event.wait)",
    "lambda: run_sync(js.Promise.new(lambda *_: None))",
  ],
  finally: ["cleans"],
  caught: ["caught"],
  off: ["lambda: [blockon.raise_deadlocks_at_exit(False), waits(event.wait)]"],
  "a timer": ["lambda: released_by(lambda release: js.setTimeout(release, 30))"],
  "an answer": ["lambda: released_by(lambda release: js.fetch('data:,x').then(release))"],
  "a listener of beforeExit": ["lambda: released_by(lambda release: js.process.once('beforeExit', release))"],
};

/** A program that makes the call anew whenever it fails. */
async function retries() {
  const pyodide = await loadPyodide();
  pyodide.runPython(setup);
  const twice = pyodide.globals.get("twice");
  let ended = 0;
  process.on("exit", () => console.log("ended", ended));
  const again = () => {
    ended++;
    return twice.callPromising().catch(again);
  };
  await twice.callPromising().catch(again);
}

/** An interpreter that waits for one that waits for a lock, which comes second. */
async function waitsForAnother() {
  const [one, other] = [await loadPyodide(), await loadPyodide()];
  for (const pyodide of [one, other]) pyodide.runPython(setup);
  const call = other.globals.get("twice").callPromising();
  const answer = call.catch((error) => `${error.type} of the other`);
  console.log("value", await one.runPython("lambda promise: waits(lambda: run_sync(promise))").callPromising(answer));
}

const programs = { retries, "waits for another": waitsForAnother };

async function run(name) {
  if (Object.hasOwn(programs, name)) return programs[name]();
  const pyodide = await loadPyodide();
  pyodide.runPython(setup);
  const calls = cases[name].map((code) => pyodide.runPython(code).callPromising());
  for (const call of calls) {
    call.then(
      (value) => console.log("value", value),
      (error) =>
        console.log(
          "error",
          error.type,
          error.message.split("\n").findLast((line) => line.includes("Error: ")),
        ),
    );
  }
  // An error that nobody catches, when all have ended.
  await Promise.allSettled(calls);
  await Promise.all(calls);
  console.log("cleaned", pyodide.runPython("len(cleaned)"));
}

const [, , name, where] = process.argv;
if (isMainThread && where === "thread") {
  new Worker(new URL(import.meta.url), { workerData: name, resourceLimits: { stackSizeMb: 4 } });
} else {
  const runs = Array.from({ length: where === "twice" ? 2 : 1 }, () => run(isMainThread ? name : workerData));
  await Promise.allSettled(runs);
  await Promise.all(runs);
}
