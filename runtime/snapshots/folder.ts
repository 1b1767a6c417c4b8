// The folder of the user's cache that snapshots are kept in.
import { mkdirSync, readdirSync, rmSync, statSync, utimesSync } from "node:fs";
import path from "node:path";
import { cacheFolder } from "../user_cache.ts";

/** The interpreter's memory, V8's code of its wasm, and V8's code of the realm's scripts. */
const kinds = ["image", "code", "scripts"] as const;
/** Of each kind: those of other builds and settings, the longest unused of which are deleted beyond these. */
const mostFiles = 8;
/** What was being written when its process was killed. */
const partialAgeMs = 60 * 60 * 1000;

export function fileOf(key: string, kind: (typeof kinds)[number]): string {
  return path.join(cacheFolder("snapshots"), `${key.slice(0, 32)}.${kind}`);
}

/** Notes that it is used. */
export function touch(file: string): void {
  const now = new Date();
  try {
    utimesSync(file, now, now);
  } catch {
    // It is open already, and whoever deletes it by its age makes others make it again.
  }
}

function ageOf(file: string): number {
  return Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
}

/** Makes room for another. */
export function prepareFolder(): void {
  const folder = cacheFolder("snapshots");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const files = readdirSync(folder).map((name) => ({
    file: path.join(folder, name),
    age: ageOf(path.join(folder, name)),
  }));
  const kindOf = (file: string) => kinds.find((kind) => file.endsWith(`.${kind}`));
  const old = kinds.flatMap((kind) =>
    files
      .filter(({ file }) => kindOf(file) === kind)
      .sort((a, b) => a.age - b.age)
      .slice(mostFiles - 1),
  );
  const partial = files.filter(({ file, age }) => kindOf(file) === undefined && age > partialAgeMs);
  for (const { file } of [...old, ...partial]) rmSync(file, { force: true });
}
