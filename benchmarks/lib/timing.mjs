// Times one case on all of its sides in one process: warmed up first, in rounds that alternate between the sides, so
// that a noisy neighbour or a hot processor is everyone's.
import { median } from "./report.mjs";

/**
 * @typedef {(n: number) => Promise<number>} Loop n iterations; resolves with the microseconds they took in all
 * @typedef {(pyodide: import("pyodide").PyodideAPI) => Loop} LoopIn a loop in or into an interpreter
 * @typedef {{python: LoopIn, js?: Loop, jspi?: Loop}} Loops
 * @typedef {{name: string, loops: Loops, less?: Loops}} Case `less`: what is measured apart and subtracted
 * @typedef {{rounds: number, sampleUs: number, warmUpUs: number, pythonWarmUpUs: number, warmUpCalls: number}} Effort
 */

/**
 * How much is measured. V8 compiles what is hot in the background, so a warm-up has a least time as well; of an
 * interpreter's wasm there is more to compile: asyncio's paths get faster for a second and longer.
 */
export const USUAL = { rounds: 9, sampleUs: 60_000, warmUpUs: 250_000, pythonWarmUpUs: 1_500_000, warmUpCalls: 2000 };
export const QUICK = { rounds: 2, sampleUs: 3000, warmUpUs: 10_000, pythonWarmUpUs: 10_000, warmUpCalls: 100 };

const MOST_CALLS = 50_000;
const PIECE = 500;

/**
 * A function of JavaScript that does n iterations, as a loop.
 * @param {(n: number) => unknown} iterate
 * @returns {Loop}
 */
export function inJs(iterate) {
  return async (n) => {
    const begin = performance.now();
    await iterate(n);
    return (performance.now() - begin) * 1000;
  };
}

/** What a sample left in the queues is not the next one's. */
const eventLoopTurn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

/**
 * The price of n iterations that leave work in the queues: in pieces, since V8 collects more dearly what piles up, and in
 * the case itself nothing does.
 * @param {Loop | undefined} loop @param {number} n
 */
async function inPieces(loop, n) {
  let us = 0;
  for (let left = n; loop && left > 0; left -= PIECE) {
    us += await loop(Math.min(left, PIECE));
    await eventLoopTurn();
  }
  return us;
}

/** Runs the loop until it is warm, and says how many iterations make a sample. */
async function warmUp(loop, effort, leastUs) {
  let calls = 0;
  let spent = 0;
  let last = 1;
  for (let n = 50; calls < effort.warmUpCalls || spent < leastUs; n = Math.min(2 * n, 5000)) {
    const us = await loop(n);
    calls += n;
    spent += us;
    last = us / n;
    await eventLoopTurn();
  }
  return Math.round(Math.min(MOST_CALLS, Math.max(50, effort.sampleUs / last)));
}

/**
 * A side of a case that is warm; `calls` make a sample.
 * @typedef {{name: string, loop: Loop, less?: Loop, calls: number}} Side
 */

/**
 * The case's sides, warmed up one after the other.
 * @param {Case} measured
 * @param {Record<string, import("pyodide").PyodideAPI>} interpreters
 * @param {Effort} effort
 * @returns {Promise<Side[]>}
 */
export async function warmSides({ loops, less }, interpreters, effort) {
  const sides = [];
  for (const [name, pyodide] of Object.entries(interpreters)) {
    sides.push({ name, loop: loops.python(pyodide), less: less?.python(pyodide) });
  }
  for (const name of ["js", "jspi"]) if (loops[name]) sides.push({ name, loop: loops[name], less: less?.[name] });
  for (const side of sides) {
    const leastUs = side.name in interpreters ? effort.pythonWarmUpUs : effort.warmUpUs;
    side.calls = await warmUp(side.loop, effort, leastUs);
    if (side.less) await warmUp(side.less, effort, leastUs / 4);
  }
  return sides;
}

/**
 * Median microseconds an iteration, for each side.
 * @param {Side[]} sides @param {number} rounds
 * @returns {Promise<Record<string, number>>}
 */
export async function sample(sides, rounds) {
  const samples = Object.fromEntries(sides.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const side of [...sides.slice(round % sides.length), ...sides.slice(0, round % sides.length)]) {
      const whole = await side.loop(side.calls);
      await eventLoopTurn();
      const part = await inPieces(side.less, side.calls);
      samples[side.name].push((whole - part) / side.calls);
    }
  }
  return Object.fromEntries(Object.entries(samples).map(([name, all]) => [name, median(all)]));
}

/**
 * @param {Case} measured
 * @param {Record<string, import("pyodide").PyodideAPI>} interpreters
 * @param {Effort} effort
 */
export async function time(measured, interpreters, effort) {
  return sample(await warmSides(measured, interpreters, effort), effort.rounds);
}
