// New processes, each until the first byte of its first answer.
import path from "node:path";
import { pinnedServer } from "../lib/peer.mjs";
import { treeCpuUs } from "../lib/process_tree.mjs";
import { startToFirstByte, startWorkerd } from "../lib/workerd.mjs";
import { started } from "../serve/servers.mjs";

const LISTENS = / on (http:\/\/[\d.:]+)/;

/** `cpuMs`: processor time of all its processes. @typedef {{ms: number, cpuMs: number}} Start */

/** @param {string} name @param {string[]} command @param {string} cwd @returns {Promise<Start>} */
async function timed(name, command, cwd) {
  const { ms, cpuUs, answer } = await startToFirstByte(async () => {
    const running = await started(name, command, cwd, LISTENS);
    return { ...running, cpuUs: () => treeCpuUs(running.pid) };
  });
  if (answer !== "hello, world\n") throw new Error(`${name} answered ${JSON.stringify(answer.slice(0, 100))}`);
  return { ms, cpuMs: cpuUs / 1000 };
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
      startWorkerd(workerd, worker, { pinned: pinnedServer, options }),
    );
    return { ms, cpuMs: cpuUs / 1000 };
  };
