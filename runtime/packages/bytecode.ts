// Where the bytecode of installed packages lies: beside them in the cache, since they are used as they were installed.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { layout } from "../layout.ts";
import { cacheFolder } from "../user_cache.ts";

/** Another form of what lies there gets another number. */
const form = 1;

let sdkDigest: string | undefined;

/** Of the SDK's modules, which are others in another release of this package. */
function digestOfSdk(): string {
  if (sdkDigest === undefined) {
    const hash = createHash("sha256");
    for (const entry of readdirSync(layout.sdk, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith(".py")) continue;
      const file = path.join(entry.parentPath, entry.name);
      hash.update(`${path.relative(layout.sdk, file)}\n`).update(readFileSync(file));
    }
    sdkDigest = hash.digest("hex");
  }
  return sdkDigest;
}

/** For packages that the cache has, which never change, and the SDK; undefined for a folder of somebody else's. */
export function bytecodeFolder(packages: string): string | undefined {
  const isSdk = packages === layout.sdk;
  if (!isSdk && path.dirname(packages) !== cacheFolder("packages")) return undefined;
  const key = createHash("sha256")
    .update(JSON.stringify([form, isSdk ? `the SDK ${digestOfSdk()}` : path.basename(packages)]))
    .digest("hex");
  return cacheFolder("bytecode", key.slice(0, 32));
}

/** The folder, if it has been made. */
export function knownBytecode(packages: string): string | undefined {
  const folder = bytecodeFolder(packages);
  return folder !== undefined && existsSync(folder) ? folder : undefined;
}
