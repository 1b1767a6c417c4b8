// The Worker's own files of an artifact: what a server mounts, its configuration, and its assets. Never secrets, nor what bindings have kept.
import { readdirSync } from "node:fs";
import path from "node:path";
import type { WorkerConfig } from "../config/wrangler.ts";
import { ownFiles, workerMount } from "../packages/guest_files.ts";
import { UserError } from "../user_error.ts";

export interface WorkerFile {
  /** Relative to the Worker's folder, with forward slashes. */
  readonly name: string;
  readonly source: string;
}

const skippedFolders: ReadonlySet<string> = new Set(["node_modules", "__pycache__"]);

/** The files of a folder of assets, those that may be served. */
function assetFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (skippedFolders.has(entry.name) || (entry.name.startsWith(".") && entry.name !== ".well-known")) return [];
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return assetFiles(file);
    return entry.isFile() ? [file] : [];
  });
}

const isInside = (folder: string, file: string): boolean => {
  const relative = path.relative(folder, file);
  return relative === "" || !(relative === ".." || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative));
};

/**
 * In the order of their names. Throws UserError.
 * @param out The folder of the artifact, which may be in the Worker's.
 */
export function workerFiles(config: WorkerConfig, out: string): WorkerFile[] {
  const { folder, assets, devUpstream, state, wheels } = config;
  if (assets !== undefined && !isInside(folder, assets.directory)) {
    throw new UserError(
      `${config.file}: "assets.directory" names ${assets.directory}, which is not in the Worker's folder, and an artifact holds what is in it. ` +
        "Move the folder there.",
    );
  }
  const without = [
    out,
    ...[state, wheels].filter((each) => each !== undefined).map((each) => path.resolve(folder, each)),
  ];
  const isLeftOut = (file: string): boolean => without.some((each) => isInside(each, file));
  const own = ownFiles(folder, assets?.directory).map(({ target }) =>
    path.join(folder, target.slice(workerMount.length + 1)),
  );
  const named = [
    config.file,
    path.join(folder, config.main),
    ...(devUpstream === undefined ? [] : [path.join(folder, devUpstream)]),
  ];
  const all = new Set([...own, ...named, ...(assets === undefined ? [] : assetFiles(assets.directory))]);
  return [...all]
    .filter((source) => named.includes(source) || !isLeftOut(source))
    .map((source) => ({ source, name: path.relative(folder, source).split(path.sep).join("/") }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}
