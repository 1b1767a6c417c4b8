// Where the bytecode of installed packages lies: beside them in the cache, since they are used as they were installed.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import path from "node:path";
import { cacheFolder } from "../user_cache.ts";

/** Another form of what lies there gets another number. */
const form = 1;

/** For packages that the cache has, which never change; undefined for a folder of somebody else's. */
export function bytecodeFolder(packages: string): string | undefined {
  if (path.dirname(packages) !== cacheFolder("packages")) return undefined;
  const key = createHash("sha256")
    .update(JSON.stringify([form, path.basename(packages)]))
    .digest("hex");
  return cacheFolder("bytecode", key.slice(0, 32));
}

/** The folder, if it has been made. */
export function knownBytecode(packages: string): string | undefined {
  const folder = bytecodeFolder(packages);
  return folder !== undefined && existsSync(folder) ? folder : undefined;
}
