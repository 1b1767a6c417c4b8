// Ends a test file that does not end by itself: one that hangs would take the time of all that come after it.
//
// Runs in the process of `node --test`, which has a process for each file. A file that is told to end by a signal says which of its tests
// were under way; one whose JavaScript computes for ever does not hear it.
import { readdirSync, readFileSync } from "node:fs";

const lookMs = 500;

/** Processes that this one has started and that run a test file, by their ids. */
function runningFiles(): Map<number, string> {
  const found = new Map<number, string>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      // Behind the name, which may have any character: the state and the parent.
      const parent = readFileSync(`/proc/${name}/stat`, "latin1").split(") ").at(-1)?.split(" ")[1];
      if (Number(parent) !== process.pid) continue;
      const file = readFileSync(`/proc/${name}/cmdline`, "utf8")
        .split("\0")
        .findLast((part) => /\.test\.m?[jt]s$/.test(part));
      if (file !== undefined) found.set(Number(name), file);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "ENOENT" && code !== "ESRCH") throw error;
    }
  }
  return found;
}

function signal(id: number, name: NodeJS.Signals): void {
  try {
    process.kill(id, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** From now on a file has so many seconds, and then as many more to say what it was at. */
export function limitFiles(seconds: number, secondsToTell = 10): void {
  const began = new Map<number, { readonly at: number; readonly file: string; isTold: boolean }>();
  const look = (): void => {
    const running = runningFiles();
    const now = performance.now();
    for (const id of began.keys()) if (!running.has(id)) began.delete(id);
    for (const [id, file] of running) {
      const known = began.get(id) ?? { at: now, file, isTold: false };
      began.set(id, known);
      const took = (now - known.at) / 1000;
      if (took >= seconds && !known.isTold) {
        known.isTold = true;
        console.error(`${file} has not ended after ${seconds} s: it is ended`);
        signal(id, "SIGTERM");
      } else if (took >= seconds + secondsToTell) signal(id, "SIGKILL");
    }
  };
  setInterval(look, lookMs).unref();
}
