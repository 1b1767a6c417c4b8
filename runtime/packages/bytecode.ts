// Where the bytecode of installed packages lies: beside them in the cache, since they are used as they were installed.
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { loadAddon } from "../addon.ts";
import { layout } from "../layout.ts";
import { digestOfFiles } from "../snapshots/digest.ts";
import { cacheFolder } from "../user_cache.ts";

/** Another form of what lies there gets another number. */
const form = 1;

let sdkDigest: string | undefined;
/** The folders, by where the packages are and the cache is: they are asked for at each start of a Worker. */
const folders = new Map<string, string>();

/** Of the SDK's modules, which are others in another release of this package. */
export function digestOfSdk(): string {
  if (sdkDigest === undefined) {
    const modules = readdirSync(layout.sdk, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".py"),
    );
    const digest = digestOfFiles(modules.sort().map((name) => path.join(layout.sdk, name)));
    sdkDigest = loadAddon().sha256(`${modules.join("\n")}\n${digest}`);
  }
  return sdkDigest;
}

/** For packages that the cache has, which never change, and the SDK; undefined for a folder of somebody else's. */
export function bytecodeFolder(packages: string): string | undefined {
  const isSdk = packages === layout.sdk;
  if (!isSdk && path.dirname(packages) !== cacheFolder("packages")) return undefined;
  const root = cacheFolder("bytecode");
  const asked = `${packages}\n${root}`;
  let folder = folders.get(asked);
  if (folder === undefined) {
    const named = isSdk ? `the SDK ${digestOfSdk()}` : path.basename(packages);
    folder = path.join(
      root,
      loadAddon()
        .sha256(JSON.stringify([form, named]))
        .slice(0, 32),
    );
    folders.set(asked, folder);
  }
  return folder;
}

/** The folder, if it has been made. */
export function knownBytecode(packages: string): string | undefined {
  const folder = bytecodeFolder(packages);
  return folder !== undefined && existsSync(folder) ? folder : undefined;
}
