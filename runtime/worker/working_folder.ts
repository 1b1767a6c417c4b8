// Node's permission model lets a thread read the working folder of its process, whatever its arguments say.
import process from "node:process";

interface Permission {
  /** From Node 26 on. */
  drop?(scope: "fs.read", reference: string): void;
}

/** From now on this thread reads there only what its arguments name. */
export function giveUpWorkingFolder(): void {
  const permission = process.permission as Permission | undefined;
  const folder = process.cwd();
  if (permission === undefined || process.execArgv.includes(`--allow-fs-read=${folder}`)) return;
  permission.drop?.("fs.read", folder);
}
