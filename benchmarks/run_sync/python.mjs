// Loops that run in an interpreter, inside of one promising call, and take their own time.

/** For every interpreter, before the cases' own code. */
export const PRELUDE = `
import js
from pyodide.ffi import run_sync

def timed(name, n):
    loop = globals()[name]
    now = js.performance.now
    begin = now()
    loop(n)
    return (now() - begin) * 1000
`;

/**
 * The Python function `name(n)` as a loop.
 * @param {string} name
 * @returns {import("../lib/timing.mjs").LoopIn}
 */
export function inPython(name) {
  return (pyodide) => {
    const timed = pyodide.globals.get("timed");
    return (n) => timed.callPromising(name, n);
  };
}
