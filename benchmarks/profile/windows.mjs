// Windows: when which side ran which part of a case, by the clock that perf stamps its samples with, so that samples are
// told apart afterwards and nothing has to talk to perf while it records.

/**
 * `part` is "loop", or "less" for what is subtracted; `begin` and `end` are seconds of CLOCK_MONOTONIC.
 * @typedef {{side: string, part: "loop" | "less", begin: number, end: number, n: number}} Window
 */

const now = () => Number(process.hrtime.bigint()) / 1e9;

/**
 * Runs what makes n iterations.
 * @param {string} side @param {Window["part"]} part @param {number} n @param {() => Promise<unknown>} iterate
 * @returns {Promise<Window>}
 */
export async function windowOf(side, part, n, iterate) {
  const begin = now();
  await iterate();
  return { side, part, begin, end: now(), n };
}

/** The window that a time lies in. @param {Window[]} windows in the order of time @param {number} time */
export function windowAt(windows, time) {
  let low = 0;
  let high = windows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (windows[middle].end < time) low = middle + 1;
    else high = middle;
  }
  return windows[low]?.begin <= time ? windows[low] : undefined;
}
