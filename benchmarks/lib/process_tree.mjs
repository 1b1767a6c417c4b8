// What a process and those that it started take: processor time and memory, as Linux counts them.
import { readdirSync, readFileSync } from "node:fs";

/** Of /proc's clock, everywhere that Node runs. */
const TICKS_A_SECOND = 100;

/** @param {number} pid @returns {number[]} it and all below it */
function treeOf(pid) {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, "latin1").trim().split(" "),
  );
  return [pid, ...children.filter((child) => child !== "").flatMap((child) => treeOf(Number(child)))];
}

/** Microseconds of processor time, in steps of 10 ms; those of children that have ended are not in it. @param {number} pid */
export function treeCpuUs(pid) {
  const ticks = treeOf(pid).map((each) => {
    // The name, in brackets, may hold anything.
    const fields = readFileSync(`/proc/${each}/stat`, "latin1")
      .replace(/^.*\) /s, "")
      .split(" ");
    return Number(fields[11]) + Number(fields[12]);
  });
  return (ticks.reduce((sum, each) => sum + each, 0) / TICKS_A_SECOND) * 1e6;
}

/** @param {number} pid @param {RegExp} line of /proc/PID/status */
const treeKib = (pid, line) =>
  treeOf(pid)
    .map((each) => Number(line.exec(readFileSync(`/proc/${each}/status`, "latin1"))?.[1] ?? 0))
    .reduce((sum, each) => sum + each, 0);

/** Resident memory. @param {number} pid */
export const treeRssKib = (pid) => treeKib(pid, /^VmRSS:\s*(\d+)/m);

/** Resident memory that is of no file. @param {number} pid */
export const treePrivateKib = (pid) => treeKib(pid, /^RssAnon:\s*(\d+)/m);
