// How late timers, immediates and another fiber are beside a loop that never waits for the host.
import { rowsOf, sample } from "./samples.mjs";

export const PYTHON = `
import js
from pyodide.ffi import run_sync

def loop_over_settled(ms):
    promise, now = js.fairness.settled, js.performance.now
    end = now() + ms
    while now() < end:
        for _ in range(50):
            run_sync(promise)

def tick_by_waits(tick):
    while tick.go:
        begin = js.performance.now()
        run_sync(js.fairness.timer(1))
        tick.samples.push(js.performance.now() - begin - 1)
`;

const settled = Promise.resolve(1);
globalThis.fairness = { settled, timer: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) };

async function loopInJs(ms) {
  const end = performance.now() + ms;
  while (performance.now() < end) for (let i = 0; i < 50; i++) await settled;
}

/** @typedef {{go: boolean, samples: number[]}} Tick */

/** Calls itself by `schedule` until it is to stop. */
function tickBy(schedule, ms) {
  return (/** @type {Tick} */ tick) =>
    new Promise((resolve) => {
      const next = () => {
        const due = performance.now() + ms;
        schedule(() => {
          tick.samples.push(performance.now() - due);
          if (tick.go) next();
          else resolve(undefined);
        });
      };
      next();
    });
}

async function tickInJs(tick) {
  while (tick.go) {
    const begin = performance.now();
    await globalThis.fairness.timer(1);
    tick.samples.push(performance.now() - begin - 1);
  }
}

const inPython = (pyodide, name) => {
  const proxy = pyodide.globals.get(name);
  return (...args) => proxy.callPromising(...args);
};

const TICKERS = {
  setTimeout: () => tickBy((call) => setTimeout(call, 1), 1),
  setImmediate: () => tickBy((call) => setImmediate(call), 0),
  fiber: (pyodide) => (pyodide ? inPython(pyodide, "tick_by_waits") : tickInJs),
};

export const NAMES = Object.keys(TICKERS);

/** What the ticker is late by while the load runs; what is due when that ends is waited for, and counts. */
async function beside(load, ticker) {
  const tick = { go: true, samples: [] };
  const ticking = ticker(tick);
  await load();
  tick.go = false;
  await ticking;
  return tick.samples;
}

export async function measure(name, { ours, stock }, { rounds, quick }) {
  const ms = quick ? 30 : 300;
  const ticker = TICKERS[name];
  const loopIn = (pyodide) => inPython(pyodide, "loop_over_settled");
  const samples = await sample(
    {
      ours: () => beside(() => loopIn(ours)(ms), ticker(ours)),
      stock: () => beside(() => loopIn(stock)(ms), ticker(stock)),
      js: () => beside(() => loopInJs(ms), ticker()),
      idle: () => beside(() => globalThis.fairness.timer(ms), ticker(ours)),
    },
    rounds,
  );
  return rowsOf(name, samples);
}
