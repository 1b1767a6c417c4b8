// How a benchmark ends: its rows go into a file for programs, if one is named, and the exit code says whether ours reaches what it is to.
import { writeFileSync } from "node:fs";

/**
 * @param {unknown[]} rows @param {string | undefined} json the file
 * @param {boolean} reached
 * @returns {never}
 */
export function end(rows, json, reached) {
  if (json !== undefined) {
    writeFileSync(json, `${JSON.stringify(rows, null, 2)}\n`);
    console.log(`written: ${json}`);
  }
  process.exit(reached ? 0 : 1);
}
