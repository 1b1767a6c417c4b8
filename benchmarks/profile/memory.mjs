// The memory of task_rss_kib by kind: what a process has when it has most, above what it had before its tasks.
import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { defaultStackKib } from "../../runtime/v8_flags.mjs";
import { SCRIPT } from "../run_sync/tasks.mjs";
import { residentOf } from "./smaps.mjs";

const BETWEEN_MS = 50;

/** KiB of a stack that V8 switches to, by this process's flags. */
function stackKib() {
  const flag = process.execArgv.find((word) => word.startsWith("--wasm-stack-switching-stack-size="));
  return flag ? Number(flag.split("=")[1]) : defaultStackKib;
}

const sum = (resident) => Object.values(resident).reduce((all, kib) => all + kib, 0);

/**
 * @param {string} side @param {number} tasks @param {number} waits
 * @returns {Promise<Record<string, number>>} KiB a task, by kind
 */
export async function memoryOfTasks(side, tasks, waits) {
  const child = fork(SCRIPT, [side, String(tasks), String(waits)], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const ended = once(child, "exit");
  await Promise.race([once(child, "message"), ended]);
  if (child.exitCode !== null) throw new Error(`the tasks of ${side} ended with exit code ${child.exitCode}`);
  const before = residentOf(child.pid, stackKib());
  let most = before;
  child.send("go");
  while ((await Promise.race([sleep(BETWEEN_MS), ended])) === undefined) {
    try {
      const resident = residentOf(child.pid, stackKib());
      if (sum(resident) > sum(most)) most = resident;
    } catch (error) {
      if (error.code !== "ENOENT" && error.code !== "ESRCH") throw error;
    }
  }
  return Object.fromEntries(Object.entries(most).map(([kind, kib]) => [kind, (kib - before[kind]) / tasks]));
}
