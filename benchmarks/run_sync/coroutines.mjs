// run_sync of a coroutine: one that never suspends, one that awaits a promise, one that gives way to the event loop.
import { inJs } from "../lib/timing.mjs";
import * as jspi from "./jspi.mjs";
import { inPython } from "./python.mjs";

export const PYTHON = `
import asyncio

async def nothing():
    return 1

async def one_promise(source):
    return await source.microtask

async def one_turn():
    await asyncio.sleep(0)

def coro_eager(n):
    for _ in range(n):
        run_sync(nothing())

def coro_await(n):
    source = js.benchCoroutines
    for _ in range(n):
        run_sync(one_promise(source))

def sleep0(n):
    for _ in range(n):
        run_sync(one_turn())
`;

const source = {
  get microtask() {
    return new Promise((resolve) => queueMicrotask(() => resolve(1)));
  },
};
globalThis.benchCoroutines = source;

const nothing = async () => 1;
const onePromise = async () => await source.microtask;
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** @type {import("../lib/timing.mjs").Case[]} */
export const CASES = [
  {
    name: "coro_eager",
    loops: {
      python: inPython("coro_eager"),
      js: inJs(async (n) => {
        for (let i = 0; i < n; i++) await nothing();
      }),
    },
  },
  {
    name: "coro_await",
    loops: {
      python: inPython("coro_await"),
      js: inJs(async (n) => {
        for (let i = 0; i < n; i++) await onePromise();
      }),
      jspi: inJs(jspi.waits(() => source.microtask)),
    },
  },
  {
    name: "sleep0",
    loops: {
      python: inPython("sleep0"),
      js: inJs(async (n) => {
        for (let i = 0; i < n; i++) await turn();
      }),
      jspi: inJs(jspi.waits(turn)),
    },
  },
];
