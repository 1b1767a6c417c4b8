// The folder of the user's cache that snapshots are kept in.
import { readdirSync, rmSync, statSync, utimesSync } from "node:fs";
import path from "node:path";
import { makeFolder } from "../make_folder.ts";
import { cacheFolder } from "../user_cache.ts";

/**
 * The interpreter's memory, V8's code of its wasm, of the realm's scripts and of the bundles (../bundled.cjs), the memory of interpreters that have loaded a Worker, and
 * why there is none of a Worker. Of each so many are kept, and so many bytes, the last used ones: others are of other builds, settings,
 * and Workers.
 */
const kept = {
  image: { files: 8, bytes: Number.POSITIVE_INFINITY },
  code: { files: 8, bytes: Number.POSITIVE_INFINITY },
  scripts: { files: 8, bytes: Number.POSITIVE_INFINITY },
  thread: { files: 8, bytes: Number.POSITIVE_INFINITY },
  command: { files: 8, bytes: Number.POSITIVE_INFINITY },
  worker: { files: 2000, bytes: 2 ** 31 },
  refused: { files: 2000, bytes: Number.POSITIVE_INFINITY },
} as const;
type Kind = keyof typeof kept;
const kinds = Object.keys(kept) as Kind[];
/** What was being written when its process was killed. */
const partialAgeMs = 60 * 60 * 1000;

export function fileOf(key: string, kind: Kind): string {
  return path.join(cacheFolder("snapshots"), `${key.slice(0, 32)}.${kind}`);
}

/** When this process noted of a file that it is used, as performance.now() has it. */
const touched = new Map<string, number>();
const touchMs = 10_000;

/** Notes that it is used, now and then: a start has something else to do. */
export function touch(file: string): void {
  const last = touched.get(file);
  if (last !== undefined && performance.now() - last < touchMs) return;
  touched.set(file, performance.now());
  const now = new Date();
  try {
    utimesSync(file, now, now);
  } catch {
    // It is open already, and whoever deletes it by its age makes others make it again.
  }
}

interface Found {
  readonly file: string;
  readonly kind: Kind | undefined;
  readonly age: number;
  readonly size: number;
}

function find(folder: string): Found[] {
  return readdirSync(folder).map((name) => {
    const file = path.join(folder, name);
    const stat = statSync(file, { throwIfNoEntry: false });
    const kind = kinds.find((each) => name.endsWith(`.${each}`));
    return { file, kind, age: Date.now() - (stat?.mtimeMs ?? 0), size: stat?.size ?? 0 };
  });
}

/** Those that there is no room for beside another. */
function beyond(files: readonly Found[], kind: Kind): Found[] {
  let room = kept[kind].bytes;
  return files
    .filter((each) => each.kind === kind)
    .sort((a, b) => a.age - b.age)
    .filter(({ size }, index) => {
      room -= size;
      return index >= kept[kind].files - 1 || room < 0;
    });
}

/** Makes room for another. */
export function prepareFolder(): void {
  const folder = cacheFolder("snapshots");
  makeFolder(folder, 0o700);
  const files = find(folder);
  const old = kinds.flatMap((kind) => beyond(files, kind));
  const partial = files.filter(({ kind, age }) => kind === undefined && age > partialAgeMs);
  for (const { file } of [...old, ...partial]) rmSync(file, { force: true });
}
