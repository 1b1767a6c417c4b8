// New processes, each until the first byte of its first answer.
import { readdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { commonEnv, onAllProcessors } from "../lib/peer.mjs";
import { treeCpuUs } from "../lib/process_tree.mjs";
import { startToFirstByte, startWorkerd } from "../lib/workerd.mjs";
import { started } from "../serve/servers.mjs";

/** What ours says when it listens, and where. */
export const LISTENS = / on (http:\/\/[\d.:]+)/;

/** `cpuMs`: processor time of all its processes. @typedef {{ms: number, cpuMs: number}} Start */

/** @param {string} name @param {string[]} command @param {string} cwd @returns {Promise<Start>} */
async function timed(name, command, cwd) {
  const { ms, cpuUs, answer } = await startToFirstByte(async () => {
    const running = await started(name, command, cwd, LISTENS, onAllProcessors);
    return { ...running, cpuUs: () => treeCpuUs(running.pid) };
  });
  if (answer !== "hello, world\n") throw new Error(`${name} answered ${JSON.stringify(answer.slice(0, 100))}`);
  return { ms, cpuMs: cpuUs / 1000 };
}

const SNAPSHOT_MS = 90_000;

/**
 * Of Workers' own: those that were made, or begun with, since a time, and what says that there can be none.
 * @param {number} since in ms since 1970 @returns {string[]} names
 */
function ownSnapshots(since) {
  const cache = commonEnv.XDG_CACHE_HOME || path.join(homedir(), ".cache");
  const folder = path.join(cache, "blockon", "snapshots");
  return readdirSync(folder).filter(
    (name) => /\.(?:worker|refused)$/.test(name) && statSync(path.join(folder, name)).mtimeMs >= since,
  );
}

/**
 * Serves a Worker until there is the snapshot that later starts begin with.
 * @param {string} launcher of emitRuntime() @param {string} folder
 */
export async function takeOwnSnapshot(launcher, folder) {
  const since = Date.now();
  const { stop } = await started("blockon", [launcher, "serve", folder, "--port", "0"], folder, LISTENS);
  try {
    const deadline = performance.now() + SNAPSHOT_MS;
    let made;
    do {
      if (performance.now() > deadline) throw new Error(`no snapshot of ${folder} was made`);
      await sleep(100);
      [made] = ownSnapshots(since);
    } while (made === undefined);
    if (made.endsWith(".refused")) throw new Error(`there can be no snapshot of ${folder}`);
  } finally {
    await stop();
  }
  await noteStart(launcher, folder);
}

const NOTED_MS = 2500;

/** A start that begins with the snapshot, and notes what it used for the next one. @param {string} launcher @param {string} folder */
async function noteStart(launcher, folder) {
  const { stop } = await started("blockon", [launcher, "serve", folder, "--port", "0"], folder, LISTENS);
  await sleep(NOTED_MS);
  await stop();
}

/** @param {string} launcher of emitRuntime() @param {string} folder a Worker's, which is served for the second time at least */
export const oursProcess = (launcher, folder) => () =>
  timed("blockon", [launcher, "serve", folder, "--port", "0"], folder);

/** @param {string} python @param {string} worker */
export const cpythonProcess = (python, worker) => () =>
  timed("cpython", [python, path.join(import.meta.dirname, "cpython.py"), worker], import.meta.dirname);

/** @param {import("../lib/workerd_packages.mjs").Workerd} workerd @param {import("../lib/workerd_snapshots.mjs").Way} way */
export const workerdProcess =
  (workerd, { worker, options }) =>
  async () => {
    const { ms, cpuUs } = await startToFirstByte(() =>
      startWorkerd(workerd, worker, { pinned: onAllProcessors, options }),
    );
    return { ms, cpuMs: cpuUs / 1000 };
  };
