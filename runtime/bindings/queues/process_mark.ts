// A process as others can tell later whether it is alive: by its number and, where the system says so, when it began, since numbers are
// given again.
import { readFileSync } from "node:fs";
import { codeOf } from "../../user_error.ts";

export interface ProcessMark {
  readonly pid: number;
  /** Empty where it is not known. */
  readonly started: string;
}

/** Ticks since the system's start: the 22nd field of Linux's stat, behind a name that may hold anything. */
function startOf(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ESRCH") return "";
    throw error;
  }
}

export function ownMark(): ProcessMark {
  return { pid: process.pid, started: startOf(process.pid) };
}

export function isAlive({ pid, started }: ProcessMark): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
  return startOf(pid) === started;
}
