// How much later than asked a sleep ends: time.sleep and asyncio.sleep beside Node's setTimeout.
import { rowsOf, sample } from "./samples.mjs";

export const PYTHON = `
import asyncio
import time
from pyodide.ffi import run_sync

def late_sleep(ms, count):
    samples = []
    for _ in range(count):
        begin = time.perf_counter()
        time.sleep(ms / 1000)
        samples.append((time.perf_counter() - begin) * 1000 - ms)
    return samples

async def late_asyncio_sleep(ms, count):
    samples = []
    for _ in range(count):
        begin = time.perf_counter()
        await asyncio.sleep(ms / 1000)
        samples.append((time.perf_counter() - begin) * 1000 - ms)
    return samples

def late_in_coroutine(ms, count):
    return run_sync(late_asyncio_sleep(ms, count))
`;

/** How often each length is slept in a round. */
const COUNTS = { 1: 100, 5: 50, 50: 10 };
const FUNCTIONS = { "time.sleep": "late_sleep", "asyncio.sleep": "late_in_coroutine" };

/** @type {Record<string, {python: string, ms: number}>} */
const CASES = Object.fromEntries(
  Object.entries(FUNCTIONS).flatMap(([what, python]) =>
    Object.keys(COUNTS).map((ms) => [`${what} ${ms} ms`, { python, ms: Number(ms) }]),
  ),
);
export const NAMES = Object.keys(CASES);

async function inNode(ms, count) {
  const samples = [];
  for (let i = 0; i < count; i++) {
    const begin = performance.now();
    await new Promise((resolve) => setTimeout(resolve, ms));
    samples.push(performance.now() - begin - ms);
  }
  return samples;
}

const inPython = (pyodide, name) => async (ms, count) => {
  const list = await pyodide.globals.get(name).callPromising(ms, count);
  const samples = list.toJs();
  list.destroy();
  return samples;
};

export async function measure(name, { ours, stock }, { rounds, quick }) {
  const { python, ms } = CASES[name];
  const count = quick ? 2 : COUNTS[ms];
  const samples = await sample(
    {
      ours: () => inPython(ours, python)(ms, count),
      stock: () => inPython(stock, python)(ms, count),
      node: () => inNode(ms, count),
    },
    rounds,
  );
  return rowsOf(name, samples);
}
