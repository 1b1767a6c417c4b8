// Runs the command blockon to its end, as a user does, and tells how it ended.
import { execFile } from "node:child_process";
import { blockon } from "./serve_process.ts";

export interface CommandEnd {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** -1 is the code of one that a signal ended. */
export function commandEnd(args: readonly string[], cwd = process.cwd(), env = process.env): Promise<CommandEnd> {
  const [program, ...first] = blockon as [string, ...string[]];
  return new Promise((resolve) => {
    const child = execFile(program, [...first, ...args], { cwd, env, maxBuffer: 1 << 24 }, (error, stdout, stderr) => {
      const code = typeof error?.code === "number" ? error.code : error === null ? 0 : -1;
      resolve({ code, out: stdout, err: stderr });
    });
    child.stdin?.end();
  });
}
