// setInterruptBuffer: a signal from another thread stops Python that computes and Python that waits, under every entry.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import { loadPyodide, type PyodideAPI } from "../../runtime/index.ts";

const SIGINT = 2;
const buffer = new Uint8Array(new SharedArrayBuffer(1));
let pyodide: PyodideAPI;
// What waits for a promise that nobody settles keeps no process alive.
const alive = setInterval(() => {}, 1000);

/**
 * Sets the signal from another thread, since this one may be busy, `ms` after this call, and again after each second: whatever
 * Python code runs at that moment gets it, and on a slow machine that may be a callback of the test before.
 */
async function interruptIn(ms: number): Promise<Worker> {
  const worker = new Worker(
    `const { parentPort, workerData } = require("node:worker_threads");
     const set = () => { workerData.buffer[0] = ${SIGINT}; };
     setTimeout(set, workerData.ms);
     setInterval(set, 1000);
     parentPort.postMessage("set");`,
    { eval: true, workerData: { buffer, ms } },
  );
  await new Promise((resolve) => worker.once("message", resolve));
  return worker;
}

const BUSY = "while True: pass";
const WAITS: Record<string, string> = {
  "a busy loop": BUSY,
  "a wait for a promise": "run_sync(never)",
  "a wait for a future": "run_sync(asyncio.Event().wait())",
  "time.sleep": "time.sleep(3600)",
  "a wait for a lock": "lock = threading.Lock()\nlock.acquire()\nlock.acquire()",
  "a wait for a lock with a timeout": "lock = threading.Lock()\nlock.acquire()\nlock.acquire(timeout=3600)",
  "a wait for an event": "threading.Event().wait()",
  "a wait for a queue": "queue.SimpleQueue().get()",
};
const indent = (code: string): string => code.replaceAll(/^/gm, "    ");

before(async () => {
  pyodide = await loadPyodide();
  pyodide.globals.set("never", new Promise(() => {}));
  pyodide.runPython("import asyncio, queue, signal, threading, time\nfrom pyodide.ffi import run_sync");
  pyodide.setInterruptBuffer(buffer);
});
after(() => {
  pyodide.setInterruptBuffer(undefined as unknown as Uint8Array);
  clearInterval(alive);
});

describe("an interrupt", () => {
  for (const [name, code] of Object.entries(WAITS)) {
    it(`stops ${name} in runPythonAsync`, async () => {
      const worker = await interruptIn(30);
      await assert.rejects(pyodide.runPythonAsync(code), /KeyboardInterrupt/);
      await worker.terminate();
      assert.equal(buffer[0], 0);
    });
    it(`stops ${name} in callPromising`, async () => {
      pyodide.runPython(`def blocks():\n${indent(code)}`);
      const worker = await interruptIn(30);
      await assert.rejects(pyodide.globals.get("blocks").callPromising(), /KeyboardInterrupt/);
      await worker.terminate();
      assert.equal(buffer[0], 0);
    });
  }

  it("stops a busy loop in runPython", async () => {
    const worker = await interruptIn(30);
    assert.throws(() => pyodide.runPython(BUSY), /KeyboardInterrupt/);
    await worker.terminate();
  });

  it("goes to the task that was entered last", async () => {
    const settled: string[] = [];
    const tasks = ["first", "second"].map((name) =>
      pyodide.runPythonAsync(`run_sync(never)`).catch((error: Error) => {
        settled.push(name);
        return error.message;
      }),
    );
    for (const _ of tasks) {
      const worker = await interruptIn(5);
      await Promise.race(tasks.filter((_, i) => i === tasks.length - 1 - settled.length));
      await worker.terminate();
    }
    assert.deepEqual(settled, ["second", "first"]);
  });

  // On a busy machine the signal comes when it comes: it is waited until the handler has run.
  const counted = `
seen = []
old = signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
`;

  it("whose handler returns lets the wait go on", async () => {
    pyodide.runPython(counted);
    const worker = await interruptIn(20);
    await pyodide.runPythonAsync("while not seen:\n    run_sync(asyncio.sleep(0.15))");
    assert.equal(pyodide.runPython("signal.signal(signal.SIGINT, old)\nseen[0]"), SIGINT);
    await worker.terminate();
  });

  it("whose handler returns lets the wait for a lock go on", async () => {
    pyodide.runPython(counted);
    const worker = await interruptIn(20);
    const got = await pyodide.runPythonAsync(
      "lock = threading.Lock()\nlock.acquire()\ngot = []\nwhile not seen:\n    got.append(lock.acquire(timeout=0.15))\nany(got)",
    );
    assert.equal(got, false);
    assert.equal(pyodide.runPython("signal.signal(signal.SIGINT, old)\nseen[0]"), SIGINT);
    await worker.terminate();
  });
});
