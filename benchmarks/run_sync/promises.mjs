// run_sync of a promise: fulfilled already, settled by a microtask, settled by setImmediate. What the last two wait for
// is made by a getter, whose price is measured by itself and subtracted, on every side.
import { inJs } from "../lib/timing.mjs";
import * as jspi from "./jspi.mjs";
import { inPython } from "./python.mjs";

export const PYTHON = `
def settled(n):
    promise = js.bench.settled
    for _ in range(n):
        run_sync(promise)

def microtask(n):
    source = js.bench
    for _ in range(n):
        run_sync(source.microtask)

def microtask_made(n):
    source = js.bench
    for _ in range(n):
        source.microtask

def immediate(n):
    source = js.bench
    for _ in range(n):
        run_sync(source.immediate)

def immediate_made(n):
    source = js.bench
    for _ in range(n):
        source.immediate
`;

const bench = {
  settled: Promise.resolve(1),
  get microtask() {
    return new Promise((resolve) => queueMicrotask(() => resolve(1)));
  },
  get immediate() {
    return new Promise((resolve) => setImmediate(resolve, 1));
  },
};
globalThis.bench = bench;

/** @type {import("../lib/timing.mjs").Case[]} */
export const CASES = [
  {
    name: "settled",
    loops: {
      python: inPython("settled"),
      js: inJs(async (n) => {
        for (let i = 0; i < n; i++) await bench.settled;
      }),
      jspi: inJs(jspi.waits(() => bench.settled)),
    },
  },
  {
    name: "microtask",
    loops: {
      python: inPython("microtask"),
      js: inJs(async (n) => {
        for (let i = 0; i < n; i++) await bench.microtask;
      }),
      jspi: inJs(jspi.waits(() => bench.microtask)),
    },
    less: {
      python: inPython("microtask_made"),
      js: inJs((n) => {
        for (let i = 0; i < n; i++) bench.microtask;
      }),
      jspi: inJs(jspi.makes(() => bench.microtask)),
    },
  },
  {
    name: "immediate",
    loops: {
      python: inPython("immediate"),
      js: inJs(async (n) => {
        for (let i = 0; i < n; i++) await bench.immediate;
      }),
      jspi: inJs(jspi.waits(() => bench.immediate)),
    },
    less: {
      python: inPython("immediate_made"),
      js: inJs((n) => {
        for (let i = 0; i < n; i++) bench.immediate;
      }),
      jspi: inJs(jspi.makes(() => bench.immediate)),
    },
  },
];
