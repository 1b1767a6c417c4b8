// What the snapshot of a Worker is bound to: the baseline's key, and all that its top level could see.
import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import { loadAddon } from "../addon.ts";
import { layout } from "../layout.ts";
import { sdkMount } from "../packages/guest_files.ts";
import type { WorkerDescription } from "../pool/host_options.ts";
import { cacheFolder } from "../user_cache.ts";
import type { GuestFile } from "../worker/protocol.ts";

/** So many files are read; of more, the sizes and times are looked at. */
const mostRead = 100;

/** Of folders of the cache whose contents are named by a digest (of installed packages, and of their bytecode), the one that a file is in. */
function lasting(file: string, folders: readonly string[]): string | undefined {
  for (const folder of folders) {
    const begin = folder.length + 1;
    if (!file.startsWith(folder) || file[begin - 1] !== path.sep) continue;
    const end = file.indexOf(path.sep, begin);
    return end < 0 ? file : file.slice(0, end);
  }
  return undefined;
}

function contentsOf({ source, target }: GuestFile): (string | Uint8Array)[] {
  const bytes = readFileSync(source);
  return [`${target} ${bytes.length}\n`, bytes];
}

function stateOf({ source, target }: GuestFile): string {
  const stat = statSync(source, { bigint: true, throwIfNoEntry: false });
  return `${target} ${source} ${stat?.size} ${stat?.mtimeNs} ${stat?.ino}\n`;
}

/** The digest of the SDK's files, which are the runtime's own: read once a process, by the names under which they are there. */
let ofSdk: { readonly names: string; readonly digest: string } | undefined;

function sdkDigest(files: readonly GuestFile[]): string {
  const names = files.map(({ source, target }) => `${target} ${source}`).join("\n");
  if (ofSdk?.names !== names) ofSdk = { names, digest: loadAddon().sha256(names, ...files.flatMap(contentsOf)) };
  return ofSdk.digest;
}

/** Of the contents of files. */
export function filesDigest(files: readonly GuestFile[]): string {
  const packages = cacheFolder("packages");
  const digested = [packages, cacheFolder("bytecode")];
  const folders = new Set<string>();
  const others: GuestFile[] = [];
  const sdk: GuestFile[] = [];
  for (const file of files) {
    if (file.target.startsWith(`${sdkMount}/`) && file.source.startsWith(`${layout.sdk}${path.sep}`)) {
      sdk.push(file);
      continue;
    }
    const folder = lasting(file.source, digested);
    if (folder === undefined) others.push(file);
    else folders.add(folder);
  }
  // What is compiled already is a matter of time, and no part of what the modules are.
  const installed = [...folders].filter((folder) => path.dirname(folder) === packages);
  return loadAddon().sha256(
    ...installed.sort().map((folder) => `${folder}\n`),
    `${sdkDigest(sdk)}\n`,
    ...(others.length <= mostRead ? others.flatMap(contentsOf) : [others.map(stateOf).join("")]),
  );
}

/** 64 hexadecimal digits. @param digest What stands for the contents of its files. */
export function workerKey(worker: WorkerDescription, baselineKey: string, digest: string): string {
  const { main, folder, path: sysPath, features, env, pythonEnv, runSync } = worker;
  const {
    images = [],
    services,
    outboundFetch,
    kv,
    queues,
    assets,
    workerServices,
    threadGraceSeconds,
    sandbox,
  } = worker;
  const facts = {
    ...{ main, folder, sysPath, features, env, pythonEnv, runSync, outboundFetch, threadGraceSeconds, workerServices },
    images: images.map(({ key, mount }) => [mount, key]),
    services: Object.keys(services ?? {}),
    kv: Object.keys(kv?.namespaces ?? {}),
    queues: queues?.producers ?? {},
    assets: assets?.binding ?? null,
    sandbox: sandbox ?? null,
  };
  return loadAddon().sha256(JSON.stringify([baselineKey, digest, facts]));
}
