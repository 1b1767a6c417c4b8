// Where a package lies that this one depends on, as Node finds it by its name. Node's own resolver takes some milliseconds to load and to read
// manifests, of a process and of each of its threads.
import { existsSync, realpathSync } from "node:fs";
import path from "node:path";
import { howToRepair, packageRoot } from "./layout.ts";
import { UserError } from "./user_error.ts";

function isThere(folder: string): boolean {
  try {
    return existsSync(path.join(folder, "package.json"));
  } catch {
    // Node's permission model has a thread not even ask.
    return false;
  }
}

/** Its folder, without links. Throws UserError. */
export function installedPackage(name: string): string {
  for (let folder = packageRoot; ; folder = path.dirname(folder)) {
    const found = path.join(folder, "node_modules", name);
    if (path.basename(folder) !== "node_modules" && isThere(found)) return realpathSync.native(found);
    if (folder === path.dirname(folder)) throw new UserError(`the package ${name} is not installed. ${howToRepair}`);
  }
}
