// The processes of a server: the launcher, which ServeProcess has started, the one that serves below it, and those that it starts.
import { readFileSync } from "node:fs";
import type { ServeProcess } from "./serve_process.ts";

/** The processes that a process has started and that it has not seen the end of. */
export function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim();
  return text === "" ? [] : text.split(" ").map(Number);
}

/** The process that serves, which the launcher watches over. */
export function serverPid({ child: { pid } }: ServeProcess): number {
  return childrenOf(pid as number)[0] as number;
}
