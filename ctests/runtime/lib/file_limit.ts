// Ends a test file that does not end by itself: one that hangs would take the time of all that come after it.
//
// Runs in the process of `node --test`, which has a process for each file. A file that is told to end by a signal says which of its tests
// were under way; one whose JavaScript computes for ever does not hear it. What it has started ends with it: a server that has the file's
// output would hold the runner up, which reads that to its end.
import { readdirSync, readFileSync } from "node:fs";

const lookMs = 500;

interface Process {
  readonly parent: number;
  /** When it was started, by which it is another than a later one of its id. */
  readonly start: string;
}

/** All of the machine, by their ids. */
function processes(): Map<number, Process> {
  const found = new Map<number, Process>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      // Behind the name, which may have any character: proc_pid_stat(5), from its third field on.
      const fields = readFileSync(`/proc/${name}/stat`, "latin1").split(") ").at(-1)?.split(" ") ?? [];
      found.set(Number(name), { parent: Number(fields[1]), start: fields[19] ?? "" });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "ENOENT" && code !== "ESRCH") throw error;
    }
  }
  return found;
}

/** The test file that a process runs, if it does. */
function fileOf(id: number): string | undefined {
  try {
    return readFileSync(`/proc/${id}/cmdline`, "utf8")
      .split("\0")
      .findLast((part) => /\.test\.m?[jt]s$/.test(part));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "ESRCH") throw error;
    return undefined;
  }
}

/** What a process has started, and what that has, by ids. */
function startedBy(id: number, all: ReadonlyMap<number, Process>): Map<number, string> {
  const found = new Map<number, string>();
  const add = (parent: number): void => {
    for (const [each, { parent: its, start }] of all) {
      if (its !== parent || found.has(each)) continue;
      found.set(each, start);
      add(each);
    }
  };
  add(id);
  return found;
}

function signal(id: number, name: NodeJS.Signals): void {
  try {
    process.kill(id, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

interface Running {
  readonly at: number;
  readonly file: string;
  /** Once it was told to end: what it had started. */
  started?: Map<number, string>;
}

/** From now on a file has so many seconds, and then as many more to say what it was at. */
export function limitFiles(seconds: number, secondsToTell = 10): void {
  const files = new Map<number, Running>();
  const look = (): void => {
    const all = processes();
    const now = performance.now();
    for (const [id, { parent }] of all) {
      const file = parent === process.pid && !files.has(id) ? fileOf(id) : undefined;
      if (file !== undefined) files.set(id, { at: now, file });
    }
    for (const [id, known] of files) {
      const took = (now - known.at) / 1000;
      const isThere = all.get(id)?.parent === process.pid;
      if (isThere && took >= seconds && known.started === undefined) {
        known.started = startedBy(id, all);
        console.error(`${known.file} has not ended after ${seconds} s: it is ended`);
        signal(id, "SIGTERM");
        continue;
      }
      const isOver = took >= seconds + secondsToTell;
      if (isThere && !isOver) continue;
      if (isThere) signal(id, "SIGKILL");
      for (const [each, start] of known.started ?? []) if (all.get(each)?.start === start) signal(each, "SIGKILL");
      files.delete(id);
    }
  };
  setInterval(look, lookMs).unref();
}
