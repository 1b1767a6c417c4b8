// Calls across the border: Python calls an async function of JavaScript and blocks on it; JavaScript calls Python
// through a promising entry and awaits it, one call after another.
import { inJs } from "../lib/timing.mjs";
import * as jspi from "./jspi.mjs";
import { inPython } from "./python.mjs";

export const PYTHON = `
def call(n):
    for _ in range(n):
        run_sync(js.benchFulfilled())

def call_immediate(n):
    for _ in range(n):
        run_sync(js.benchImmediate())

one = lambda: 1
`;

const fulfilled = () => Promise.resolve(1);
const immediate = () => new Promise((resolve) => setImmediate(resolve, 1));
globalThis.benchFulfilled = fulfilled;
globalThis.benchImmediate = immediate;

const one = async () => 1;
const enter = jspi.entry();

/** @type {import("../lib/timing.mjs").Case[]} */
export const CASES = [
  {
    name: "call",
    loops: {
      python: inPython("call"),
      js: inJs(async (n) => {
        for (let i = 0; i < n; i++) await fulfilled();
      }),
      jspi: inJs(jspi.waits(fulfilled)),
    },
  },
  {
    name: "call_immediate",
    loops: {
      python: inPython("call_immediate"),
      js: inJs(async (n) => {
        for (let i = 0; i < n; i++) await immediate();
      }),
      jspi: inJs(jspi.waits(immediate)),
    },
  },
  {
    name: "call_promising",
    loops: {
      python: (pyodide) => {
        const callable = pyodide.globals.get("one");
        return inJs(async (n) => {
          for (let i = 0; i < n; i++) await callable.callPromising();
        });
      },
      js: inJs(async (n) => {
        for (let i = 0; i < n; i++) await one();
      }),
      jspi: inJs(async (n) => {
        for (let i = 0; i < n; i++) await enter();
      }),
    },
  },
];
