// setInterruptBuffer while Python asks for a line: a handler of setStdin holds up the thread, a stream of Python's own may wait
// as anything else does.
import assert from "node:assert/strict";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { after, before, describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import { loadPyodide, type PyodideAPI } from "../../runtime/index.ts";

const SIGINT = 2;
const buffer = new Uint8Array(new SharedArrayBuffer(1));
let pyodide: PyodideAPI;
// What waits for a promise that nobody settles keeps no process alive.
const alive = setInterval(() => {}, 1000);
/** Answers nobody. */
const silent = http.createServer(() => {});

type Run = (code: string) => Promise<unknown>;
const ENTRIES: Record<string, Run> = {
  runPythonAsync: (code) => pyodide.runPythonAsync(code),
  callPromising: (code) => {
    pyodide.runPython(`def waits():\n${code.replaceAll(/^/gm, "    ")}`);
    return pyodide.globals.get("waits").callPromising();
  },
};
const EVERY_ENTRY: Record<string, Run> = { ...ENTRIES, runPython: async (code) => pyodide.runPython(code) };

/** Sets the signal from another thread when `flag` is set, as this one may be busy. */
async function interruptWhen(flag: Int32Array): Promise<Worker> {
  const worker = new Worker(
    `const { parentPort, workerData } = require("node:worker_threads");
     parentPort.postMessage("ready");
     Atomics.wait(workerData.flag, 0, 0);
     workerData.buffer[0] = ${SIGINT};`,
    { eval: true, workerData: { buffer, flag } },
  );
  await new Promise((resolve) => worker.once("message", resolve));
  return worker;
}

/** The code is interrupted when it has set `flag`; the line that waits is the one with the mark. */
async function interrupts(run: Run, code: string, flag: Int32Array): Promise<void> {
  const worker = await interruptWhen(flag);
  const line = code.split("\n").findIndex((text) => text.includes("# here")) + 1;
  await assert.rejects(run(code), (error: Error) => {
    assert.match(error.message, /KeyboardInterrupt\s*$/);
    const [, first, where] = /line (\d+), in (<module>|waits)\n/.exec(error.message) ?? [];
    assert.equal(Number(first), where === "waits" ? line + 1 : line);
    return true;
  });
  await worker.terminate();
  assert.equal(buffer[0], 0);
}

const newFlag = () => new Int32Array(new SharedArrayBuffer(4));
const raise = (flag: Int32Array) => () => {
  Atomics.store(flag, 0, 1);
  Atomics.notify(flag, 0);
};

before(async () => {
  pyodide = await loadPyodide();
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  pyodide.globals.set("never", new Promise(() => {}));
  pyodide.globals.set("url", `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`);
  pyodide.runPython(`
import io, js, sys
from pyodide.ffi import run_sync
from pyodide.http import pyfetch

class Lines(io.TextIOBase):
    """A stream that waits for JavaScript's promise of a line."""
    def __init__(self, ask):
        self.ask = ask
    def readline(self, size=-1):
        return run_sync(self.ask())

def asks():
    begun()
    return never

lines = []
`);
  pyodide.setInterruptBuffer(buffer);
});
after(() => {
  pyodide.setInterruptBuffer(undefined as unknown as Uint8Array);
  clearInterval(alive);
  silent.closeAllConnections();
  silent.close();
});

describe("an interrupt of input()", () => {
  for (const [name, run] of Object.entries(EVERY_ENTRY)) {
    it(`ends a stdin handler that looks for it, in ${name}`, async () => {
      const flag = newFlag();
      const sleeper = new Int32Array(new SharedArrayBuffer(4));
      pyodide.setStdin({
        stdin: () => {
          raise(flag)();
          for (;;) {
            Atomics.wait(sleeper, 0, 0, 1);
            pyodide.checkInterrupt();
          }
        },
      });
      await interrupts(run, "a = 1\nline = input()  # here\nb = 2", flag);
    });

    it(`comes after the line of a handler that does not look, in ${name}`, async () => {
      const flag = newFlag();
      const sleeper = new Int32Array(new SharedArrayBuffer(4));
      pyodide.setStdin({
        stdin: () => {
          raise(flag)();
          while (buffer[0] === 0) Atomics.wait(sleeper, 0, 0, 1);
          return "line";
        },
      });
      await interrupts(run, "a = 1\nline = input(); [None for _ in iter(int, 1)]  # here", flag);
      pyodide.setStdin({ stdin: () => "next" });
      assert.equal(pyodide.runPython("input()"), "next");
    });
  }

  for (const [name, run] of Object.entries(ENTRIES)) {
    it(`ends the wait of a stream in Python, in ${name}`, async () => {
      const flag = newFlag();
      pyodide.globals.set("begun", raise(flag));
      pyodide.runPython("old, sys.stdin = sys.stdin, Lines(asks)");
      await interrupts(run, "a = 1\nline = input()  # here\nb = 2", flag);
      pyodide.globals.set("line", () => new Promise((resolve) => setTimeout(() => resolve("typed\n"), 1)));
      await run("sys.stdin = Lines(lambda: line())\nlines.append(input())\nsys.stdin = old");
      assert.equal(pyodide.runPython("lines.pop()"), "typed");
    });
  }
});

describe("an interrupt of a request", () => {
  for (const [name, run] of Object.entries(ENTRIES)) {
    for (const [what, wait] of Object.entries({
      fetch: "run_sync(js.fetch(url))",
      pyfetch: "run_sync(pyfetch(url))",
    })) {
      it(`ends the wait for ${what} in ${name}`, async () => {
        const flag = newFlag();
        pyodide.globals.set("begun", raise(flag));
        await interrupts(run, `a = 1\nbegun(); ${wait}  # here`, flag);
      });
    }
  }
});

describe("the option input", () => {
  async function* pieces() {
    yield "first li";
    await new Promise((resolve) => setTimeout(resolve, 5));
    yield new TextEncoder().encode("ne\nsecond\nthi");
    yield "";
    yield "rd";
  }

  it("is waited for by input(), while others run, until it ends", async () => {
    const own = await loadPyodide({ input: pieces() });
    const seen = await own.runPythonAsync(`
      import asyncio

      ticks = []

      async def tick():
          while True:
              ticks.append(1)
              await asyncio.sleep(0)

      ticker = asyncio.create_task(tick())
      await asyncio.sleep(0)
      lines = [input(), input(), input()]
      try:
          input()
      except EOFError:
          lines.append(None)
      ticker.cancel()
      [len(ticks) > 1, *lines]
    `);
    assert.deepEqual(seen.toJs(), [true, "first line", "second", "third", undefined]);
  });

  it("says what it is where nothing can wait, and for a piece that is neither text nor bytes", async () => {
    const own = await loadPyodide({ input: Readable.from([7]) });
    assert.throws(() => own.runPython("input()"), /RuntimeError/);
    await assert.rejects(own.runPythonAsync("input()"), /TypeError: the stream of the option input gave/);
  });

  it("is a stream", async () => {
    await assert.rejects(loadPyodide({ input: "text" as never }), /the option input is .*; expected a stream/);
  });

  it("ends with what the stream fails with", async () => {
    const own = await loadPyodide({
      // biome-ignore lint/correctness/useYield: it fails before it has anything
      input: (async function* () {
        throw new Error("unplugged");
      })(),
    });
    await assert.rejects(own.runPythonAsync("input()"), /Error: unplugged/);
  });
});
