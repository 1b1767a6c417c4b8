// Runs a program of this folder in a process of its own, and tells how it ended.
import { execFile } from "node:child_process";
import path from "node:path";

export interface ProgramEnd {
  readonly code: number;
  /** The lines of stdout. */
  readonly out: readonly string[];
  readonly err: string;
}

/** -1 is the code of one that a signal ended. */
export function programEnd(program: string, ...args: string[]): Promise<ProgramEnd> {
  return new Promise((resolve) => {
    const file = path.join(import.meta.dirname, program);
    // Node prints the line of an uncaught error: a megabyte of the glue.
    execFile(process.execPath, [file, ...args], { maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      const code = typeof error?.code === "number" ? error.code : error === null ? 0 : -1;
      resolve({ code, out: stdout.trimEnd().split("\n"), err: stderr });
    });
  });
}
