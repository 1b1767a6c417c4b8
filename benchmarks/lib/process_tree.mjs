// What a process and those that it started take: processor time and memory, as Linux counts them.
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Of /proc's clock, everywhere that Node runs. */
const TICKS_A_SECOND = 100;

/** Of what is to be quiet: how long, how much it may compute meanwhile, and how long that is waited for. */
const quietMs = 1500;
const quietShare = 0.05;
const mostQuietMs = 180_000;

/** What a file of /proc's says; nothing, when the thread or process has ended meanwhile. @param {string} file */
function readNow(file) {
  try {
    return readFileSync(file, "latin1");
  } catch (error) {
    if (error.code === "ENOENT" || error.code === "ESRCH") return "";
    throw error;
  }
}

/** @param {number} pid @returns {number[]} it and all below it */
function treeOf(pid) {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readNow(`/proc/${pid}/task/${thread}/children`).trim().split(" "),
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

/** What makes something for later starts, beside a server of ours: it may wait, and go on (../../runtime/cli). */
const isMaker = (pid) => readNow(`/proc/${pid}/cmdline`).includes("/cli/make_");

/**
 * Resolves when a server that is asked nothing does nothing: what it makes for later starts is made, by it and by processes that it has started.
 * @param {number} pid
 */
export async function untilQuiet(pid) {
  for (const end = performance.now() + mostQuietMs; performance.now() < end; ) {
    const [before, cpuUs, begin] = [treeOf(pid), treeCpuUs(pid), performance.now()];
    await sleep(quietMs);
    const us = (performance.now() - begin) * 1000;
    const after = treeOf(pid);
    if (after.some(isMaker) || String(after) !== String(before)) continue;
    if (treeCpuUs(pid) - cpuUs < us * quietShare) return;
  }
  throw new Error(`it did something for ${mostQuietMs / 1000} s though it was asked nothing`);
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
